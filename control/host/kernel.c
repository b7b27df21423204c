// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "kernel.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/bfd.h"
#include "weft/engine.h"

#include "netlink.h"

// Datagrams to these ports are for weft: the kernel must not answer that the port is unreachable.
static const uint16_t ports[] = { WEFT_VXLAN_PORT, WEFT_GENEVE_PORT, WEFT_BFD_PORT, WEFT_BFD_PORT_FAR };

static struct {
	struct mnl_socket *questions;		      // NULL: not connected
	struct weft_ip silent_for;		      // the address that the ports are open at; none: they are closed
	int silent[sizeof(ports) / sizeof(ports[0])]; // sockets; 0: not open
} kernel;

static const struct weft_ip *
own_address(const struct weft_local *local)
{
	const struct weft_host *self = weft_model_host(local->model, local->host);

	return self && !weft_ip_is_none(&self->tunnel.address) ? &self->tunnel.address : NULL;
}

// The kernel's interface that the uplink in use is on; 0: none.
static unsigned int
interface_of(const struct weft_placement *placement)
{
	struct weft_io_status status = { .ifindex = 0 };

	if (placement->uplink)
		weft_engine_port_status(placement->uplink, &status);
	return status.ifindex;
}

bool
weft_kernel_shares_uplink(const struct weft_local *local)
{
	const struct weft_place *place = &local->placement->place[local->placement->uplink];
	const struct weft_port *port = local->placement->uplink ? weft_model_port(local->model, place->path) : NULL;

	return port && port->attach.share;
}

bool
weft_kernel_has_address(const struct weft_local *local)
{
	const struct weft_ip *address = own_address(local);
	unsigned int ifindex = kernel.questions && address ? interface_of(local->placement) : 0;

	return ifindex && netlink_has_address(kernel.questions, address, ifindex);
}

struct weft_ip
weft_kernel_hop(const struct weft_placement *placement, const struct weft_ip *address)
{
	return netlink_hop(kernel.questions, address, interface_of(placement));
}

// Closes the ports.
static void
close_ports(void)
{
	for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (kernel.silent[i] > 0)
			close(kernel.silent[i]);
		kernel.silent[i] = 0;
	}
	kernel.silent_for = (struct weft_ip){ 0 };
}

// Opens a socket that drops all that it receives. Returns 0 if it cannot be opened: then the kernel has a tunnel of its
// own at the port, and no such socket is needed.
static int
open_port(const struct weft_ip *address, uint16_t port)
{
	struct sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = { .len = 1, .filter = &drop_all };
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
open_ports(const struct weft_ip *address)
{
	if (weft_ip_same(address, &kernel.silent_for))
		return;
	close_ports();
	for (unsigned int i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		kernel.silent[i] = open_port(address, ports[i]);
	kernel.silent_for = *address;
}

// Calls FN with the slot of each other host in the snapshot in force.
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
	struct weft_ip hop = weft_kernel_hop(comparison->local->placement, &peer->address);

	(void)slot;
	comparison->differs = comparison->differs || !weft_ip_same(&hop, &peer->hop);
}

bool
weft_kernel_differs(const struct weft_local *local)
{
	struct comparison comparison = { .local = local };
	bool has = weft_kernel_has_address(local);

	if (has != local->kernel)
		return true;
	if (has)
		each_peer(compare_hop, &comparison);
	return comparison.differs;
}

void
weft_kernel_tell(const struct weft_local *local)
{
	bool has = weft_kernel_has_address(local);

	if (has) {
		open_ports(own_address(local));
		netlink_each_neighbour(kernel.questions, interface_of(local->placement), on_neighbour, NULL);
	} else {
		close_ports();
	}
}

static void
use_hop(void *arg, uint16_t slot, const struct weft_peer *peer)
{
	(void)slot;
	if (!weft_ip_is_none(&peer->hop))
		netlink_use(kernel.questions, &peer->hop, *(const unsigned int *)arg);
}

void
weft_kernel_probe(const struct weft_local *local)
{
	unsigned int ifindex =
		weft_kernel_shares_uplink(local) && weft_kernel_has_address(local) ? interface_of(local->placement) : 0;

	if (ifindex)
		each_peer(use_hop, &ifindex);
	weft_kernel_tell(local);
}

int
weft_kernel_open(void)
{
	kernel.questions = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (kernel.questions && mnl_socket_bind(kernel.questions, 0, MNL_SOCKET_AUTOPID) == 0)
		return 0;
	weft_kernel_close();
	return -EIO;
}

void
weft_kernel_close(void)
{
	close_ports();
	if (kernel.questions)
		mnl_socket_close(kernel.questions);
	kernel.questions = NULL;
}
