// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The library's callbacks run on its event thread, some while it holds the locks of all rings: they set fields and
// return. Only those that suspend rings wait, for the workers, which never wait for anybody: after destroy_device()
// returns, the library unmaps the guest's memory.
#include "device.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/virtio_net.h>
#include <rte_vhost.h>

#include "messages.h"
#include "port.h"
#include "registry.h"
#include "rings.h"
#include "trouble.h"

#define SOCKET_LIMIT_MS 200

// Features that weft does not offer: without segmentation and checksum offloads every frame is complete.
#define DISABLED_FEATURES                                                                                              \
	(1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_GUEST_CSUM | 1ULL << VIRTIO_NET_F_GSO |                      \
		1ULL << VIRTIO_NET_F_HOST_TSO4 | 1ULL << VIRTIO_NET_F_HOST_TSO6 | 1ULL << VIRTIO_NET_F_HOST_ECN |      \
		1ULL << VIRTIO_NET_F_HOST_UFO | 1ULL << VIRTIO_NET_F_GUEST_TSO4 | 1ULL << VIRTIO_NET_F_GUEST_TSO6 |    \
		1ULL << VIRTIO_NET_F_GUEST_ECN | 1ULL << VIRTIO_NET_F_GUEST_UFO)

// The library's one event thread reads whole messages from each guest's socket: it waits for the rest of a message, and
// for room for its answer. A guest that holds back the rest must not hold up all others, so its socket gets a time
// limit, after which the library closes it. The library does not say which descriptor the socket has.
static void
limit_waiting(const char *path)
{
	const struct timeval limit = { .tv_usec = SOCKET_LIMIT_MS * 1000 };
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		struct sockaddr_un peer = { 0 }, own = { 0 };
		socklen_t peer_size = sizeof(peer), own_size = sizeof(own);
		int fd = atoi(entry->d_name);

		// Only connected sockets have a peer.
		if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) || peer.sun_family != AF_UNIX ||
			getsockname(fd, (struct sockaddr *)&own, &own_size))
			continue;
		if (strncmp(peer.sun_path, path, sizeof(peer.sun_path)) &&
			strncmp(own.sun_path, path, sizeof(own.sun_path)))
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	}
	if (dir)
		closedir(dir);
}

static int
new_connection(int vid)
{
	char path[108];
	struct vhost_port *port;
	int nobody = -1;

	if (vid < 0 || vid >= VHOST_MAX_DEVICES || rte_vhost_get_ifname(vid, path, sizeof(path)))
		return -1;
	port = vhost_registry_connect(vid, path);
	if (port == NULL)
		return -1;
	if (!atomic_compare_exchange_strong(&port->connection, &nobody, vid)) {
		vhost_trouble_set(port, "a second guest connected to the socket and was refused");
		return -1;
	}
	limit_waiting(port->path);
	atomic_store(&port->to_guest, 0);
	atomic_store(&port->from_guest, 0);
	atomic_store(&port->rarp, 0);
	atomic_store(&port->cut, false);
	port->inflight_queues = port->inflight_size = 0;
	memset(port->rings, 0, sizeof(port->rings));
	return rte_vhost_extern_callback_register(vid, &vhost_message_ops, NULL);
}

static int
new_device(int vid)
{
	struct vhost_port *port = vhost_registry_of(vid);
	uint16_t mtu = 0;

	if (port == NULL)
		return -1;
	rte_vhost_get_mtu(vid, &mtu);
	atomic_store(&port->mtu, mtu);
	atomic_fetch_add(&port->connects, 1);
	atomic_store(&port->io->link, true);
	// The error of an earlier guest is over.
	vhost_trouble_set(port, "%s", "");
	port->vid = vid;
	vhost_rings_resume(port);
	WEFT_LOG(INFO, "event=link-up port=%s features=0x%" PRIx64, port->name, atomic_load(&port->features));
	return 0;
}

static void
destroy_device(int vid)
{
	struct vhost_port *port = vhost_registry_of(vid);

	if (port == NULL || port->vid != vid)
		return;
	vhost_rings_suspend(port);
	atomic_store(&port->io->link, false);
	port->vid = -1;
	WEFT_LOG(INFO, "event=link-down port=%s", port->name);
}

static int
vring_state_changed(int vid, uint16_t queue, int enable)
{
	struct vhost_port *port = vhost_registry_of(vid);
	uint16_t pair = queue / 2;
	_Atomic uint32_t *set;

	if (port == NULL)
		return 0;
	if (pair >= port->max_queues) {
		if (enable)
			vhost_trouble_set(port,
				"the guest uses queue pair %u and the port allows %u: start QEMU with queues=%u, "
				"or raise attach.queues",
				pair + 1, port->max_queues, port->max_queues);
		return 0;
	}
	// With the library's rings the worker may wait for a lock that the library holds here: do not wait for the
	// worker.
	if (port->library)
		port->rings[queue].fresh = true;
	else
		vhost_rings_suspend(port);
	set = queue % 2 ? &port->from_guest : &port->to_guest;
	if (enable)
		atomic_fetch_or(set, 1u << pair);
	else
		atomic_fetch_and(set, ~(1u << pair));
	vhost_rings_resume(port);
	return 0;
}

static void
destroy_connection(int vid)
{
	struct vhost_port *port = vhost_registry_of(vid);

	if (port == NULL)
		return;
	vhost_registry_disconnect(vid);
	atomic_store(&port->connection, -1);
	atomic_store(&port->closed, true);
	if (port->on_closed)
		port->on_closed();
}

static const struct rte_vhost_device_ops callbacks = {
	.new_connection = new_connection,
	.new_device = new_device,
	.destroy_device = destroy_device,
	.vring_state_changed = vring_state_changed,
	.destroy_connection = destroy_connection,
};

// The library keeps in-flight pages for the front end if this feature is on. Its own rings make no use of them.
static int
offer_inflight(const struct vhost_port *port)
{
	uint64_t features = 0;

	if (port->library)
		return 0;
	if (rte_vhost_driver_get_protocol_features(port->path, &features))
		return -EINVAL;
	return rte_vhost_driver_set_protocol_features(
		port->path, features | 1ULL << VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD);
}

int
vhost_device_register(struct vhost_port *port)
{
	uint64_t flags = RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS;

	// The connector connects again itself, at once: the library's own retry sleeps for a second.
	if (!port->server)
		flags |= RTE_VHOST_USER_CLIENT | RTE_VHOST_USER_NO_RECONNECT;
	atomic_store(&port->closed, false);
	atomic_store(&port->connection, -1);
	if (rte_vhost_driver_register(port->path, flags))
		return -EADDRINUSE;
	if (rte_vhost_driver_disable_features(port->path, DISABLED_FEATURES) || offer_inflight(port) ||
		rte_vhost_driver_callback_register(port->path, &callbacks) || rte_vhost_driver_start(port->path)) {
		rte_vhost_driver_unregister(port->path);
		return -ECONNREFUSED;
	}
	return 0;
}
