// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Follows the kernel: its notices lead to a look at what concerns the tunnels.
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/bfd.h"
#include "weft/engine.h"

#include "netlink.h"

#define USE_S 5 // between two times that the kernel looks whether neighbours are there

// Datagrams to these ports are weft's: the kernel must not say that nobody is there.
static const uint16_t ports[] = { WEFT_VXLAN_PORT, WEFT_GENEVE_PORT, WEFT_BFD_PORT, WEFT_BFD_PORT_FAR };

static struct {
	struct mnl_socket *questions;
	struct mnl_socket *notices;
	struct event *heard, *use;
	struct weft_local *local;
	struct weft_ip silent_for; // that the ports are kept open for
	int silent[sizeof(ports) / sizeof(ports[0])];
} kernel;

static const struct weft_ip *
own_address(const struct weft_local *local)
{
	const struct weft_host *self = weft_model_host(local->model, local->host);

	return self && !weft_ip_is_none(&self->tunnel.address) ? &self->tunnel.address : NULL;
}

// The kernel's interface that the uplink in use is on; 0: it is on none.
static unsigned int
interface_of(const struct weft_local *local)
{
	struct weft_io_status status = { .ifindex = 0 };

	if (local->placement->uplink)
		weft_engine_port_status(local->placement->uplink, &status);
	return status.ifindex;
}

static bool
uplink_is_shared(const struct weft_local *local)
{
	const struct weft_place *place = &local->placement->place[local->placement->uplink];
	const struct weft_port *port = local->placement->uplink ? weft_model_port(local->model, place->path) : NULL;

	return port && port->attach.share;
}

bool
weft_kernel_has_address(const struct weft_local *local)
{
	const struct weft_ip *address = own_address(local);
	unsigned int ifindex = kernel.questions && address ? interface_of(local) : 0;

	return ifindex && netlink_has_address(kernel.questions, address, ifindex);
}

struct weft_ip
weft_kernel_hop(const struct weft_local *local, const struct weft_ip *address)
{
	return netlink_hop(kernel.questions, address, interface_of(local));
}

static void
speak(void)
{
	for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (kernel.silent[i] > 0)
			close(kernel.silent[i]);
		kernel.silent[i] = 0;
	}
	kernel.silent_for = (struct weft_ip){ 0 };
}

// A socket that takes nothing in. Where the kernel has a tunnel of its own at the port that is not needed.
static int
open_silent(const struct weft_ip *address, uint16_t port)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = { .len = 1, .filter = &nothing };
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = weft_ip_v4(address)
	};
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool is_v4 = weft_ip_is_v4(address);
	int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(&v6.sin6_addr, address, sizeof(*address));
	if (fd < 0)
		return 0;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
		bind(fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, is_v4 ? sizeof(v4) : sizeof(v6))) {
		close(fd);
		return 0;
	}
	return fd;
}

static void
be_silent(const struct weft_ip *address)
{
	if (weft_ip_same(address, &kernel.silent_for))
		return;
	speak();
	for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		kernel.silent[i] = open_silent(address, ports[i]);
	kernel.silent_for = *address;
}

// Calls FN with the slot of each other host.
static void
each_peer(void (*fn)(void *arg, uint16_t slot, const struct weft_peer *peer), void *arg)
{
	const struct weft_snapshot *snap = weft_engine_snapshot();
	const struct weft_underlay *underlay = weft_snapshot_slot(snap, snap->underlay)->underlay;

	for (uint32_t i = 0; underlay && i < underlay->n_peers; i++) {
		const struct weft_peer *peer = weft_snapshot_slot(snap, underlay->peer[i])->peer;

		if (peer)
			fn(arg, underlay->peer[i], peer);
	}
}

struct found {
	const struct weft_ip *address;
	uint64_t mac;
};

static void
tell_peer(void *arg, uint16_t slot, const struct weft_peer *peer)
{
	const struct found *found = arg;

	if (weft_ip_same(&peer->hop, found->address))
		weft_engine_set_neighbour(slot, peer->hop_number, found->mac);
}

static void
on_neighbour(void *arg, const struct weft_ip *address, uint64_t mac)
{
	struct found found = { address, mac };

	(void)arg;
	each_peer(tell_peer, &found);
}

struct comparison {
	const struct weft_local *local;
	bool differs;
};

static void
compare_hop(void *arg, uint16_t slot, const struct weft_peer *peer)
{
	struct comparison *comparison = arg;
	struct weft_ip hop = weft_kernel_hop(comparison->local, &peer->address);

	(void)slot;
	comparison->differs = comparison->differs || !weft_ip_same(&hop, &peer->hop);
}

// The MACs that the kernel knows are the workers' to know.
static void
refresh(struct weft_local *local)
{
	bool has = weft_kernel_has_address(local);

	if (has) {
		be_silent(own_address(local));
		netlink_each_neighbour(kernel.questions, interface_of(local), on_neighbour, NULL);
	} else {
		speak();
	}
}

// Answers to weft's own questions go to the kernel, where it keeps the interface: then the kernel must ask.
static void
use_hop(void *arg, uint16_t slot, const struct weft_peer *peer)
{
	(void)slot;
	if (!weft_ip_is_none(&peer->hop))
		netlink_use(kernel.questions, &peer->hop, *(const unsigned int *)arg);
}

void
weft_kernel_refresh(struct weft_local *local)
{
	unsigned int ifindex = uplink_is_shared(local) && weft_kernel_has_address(local) ? interface_of(local) : 0;

	if (ifindex)
		each_peer(use_hop, &ifindex);
	refresh(local);
}

static void
on_use(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	if (uplink_is_shared(kernel.local))
		weft_kernel_refresh(kernel.local);
}

// The kernel has told of something: routes may lead elsewhere, neighbours may have other MACs.
static void
look(struct weft_local *local)
{
	bool has = weft_kernel_has_address(local);
	struct comparison comparison = { .local = local, .differs = has != local->kernel };
	struct weft_error err;

	if (has && !comparison.differs)
		each_peer(compare_hop, &comparison);
	if (comparison.differs && !local->prepared) {
		local->rerouted = true;
		if (weft_local_republish(local, false, &err))
			WEFT_LOG(ERR, "event=routes error=\"%s\"", err.text);
		local->rerouted = false;
	}
	refresh(local);
}

static void
on_notice(evutil_socket_t fd, short what, void *arg)
{
	static char buffer[32768];
	ssize_t n;

	(void)fd, (void)what, (void)arg;
	// However many there are, and whether some were lost: one look tells all.
	do
		n = mnl_socket_recvfrom(kernel.notices, buffer, sizeof(buffer));
	while (n > 0 || (n < 0 && (errno == ENOBUFS || errno == EINTR)));
	look(kernel.local);
}

int
weft_kernel_start(struct event_base *base, struct weft_local *local)
{
	const unsigned int groups =
		RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
	const struct timeval each = { .tv_sec = USE_S };

	kernel.local = local;
	kernel.questions = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	kernel.notices = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (kernel.questions && kernel.notices && mnl_socket_bind(kernel.questions, 0, MNL_SOCKET_AUTOPID) == 0 &&
		mnl_socket_bind(kernel.notices, groups, MNL_SOCKET_AUTOPID) == 0)
		kernel.heard =
			event_new(base, mnl_socket_get_fd(kernel.notices), EV_READ | EV_PERSIST, on_notice, NULL);
	if (kernel.heard == NULL) {
		weft_kernel_stop();
		return -EIO;
	}
	event_add(kernel.heard, NULL);
	kernel.use = event_new(base, -1, EV_PERSIST, on_use, NULL);
	if (kernel.use)
		event_add(kernel.use, &each);
	return 0;
}

void
weft_kernel_stop(void)
{
	speak();
	if (kernel.heard)
		event_free(kernel.heard);
	if (kernel.use)
		event_free(kernel.use);
	if (kernel.questions)
		mnl_socket_close(kernel.questions);
	if (kernel.notices)
		mnl_socket_close(kernel.notices);
	kernel.heard = kernel.use = NULL;
	kernel.questions = kernel.notices = NULL;
}
