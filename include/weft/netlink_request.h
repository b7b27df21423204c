// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A request to the kernel over netlink(7). Control thread.
#pragma once

struct nlmsghdr;

// Sends REQUEST, which has its type, flags and payload, to FD, and calls FN with each message of the answer. FN is a
// callback of libmnl's and returns as those do; NULL: the answer is only an acknowledgement. Returns 0, or -errno: the
// kernel's answer, or the error of FD.
int
weft_netlink_request(int fd, struct nlmsghdr *request, int (*fn)(const struct nlmsghdr *message, void *arg), void *arg);
