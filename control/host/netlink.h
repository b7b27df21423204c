// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Questions to the kernel over rtnetlink (rtnetlink(7)), with libmnl. Control thread.
#pragma once

#include <libmnl/libmnl.h>

#include "weft/tunnel.h"

// Whether the kernel has ADDRESS on the interface IFINDEX.
bool netlink_has_address(struct mnl_socket *socket, const struct weft_ip *address, unsigned int ifindex);

// The next hop to ADDRESS: ADDRESS itself if it is on the interface's network; none if no route leads there by IFINDEX.
struct weft_ip netlink_hop(struct mnl_socket *socket, const struct weft_ip *address, unsigned int ifindex);

// Has the kernel find out ADDRESS's MAC on IFINDEX, or check the one that it knows, as if it had a packet to send there.
void netlink_use(struct mnl_socket *socket, const struct weft_ip *address, unsigned int ifindex);

// Calls FN with each neighbour on IFINDEX whose MAC is known. Returns 0 or -errno.
int netlink_each_neighbour(struct mnl_socket *socket, unsigned int ifindex,
	void (*fn)(void *arg, const struct weft_ip *address, uint64_t mac), void *arg);
