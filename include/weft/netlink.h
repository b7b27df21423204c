// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One question to the kernel over netlink(7). Control thread.
#pragma once

struct nlmsghdr;

// Sends REQUEST, whose type, flags and payload are set, to FD, and calls FN with each message of the answer; NULL:
// there is none but whether it was done. FN returns as libmnl's callbacks do. Returns 0, or -errno: the kernel's, or
// FD's.
int weft_netlink_ask(int fd, struct nlmsghdr *request, int (*fn)(const struct nlmsghdr *message, void *arg), void *arg);
