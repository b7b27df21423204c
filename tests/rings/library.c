// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// DPDK's vhost library (rte_vhost) as a port with one pair of rings: what weft's own rings are compared with. The
// library's locks keep its event thread and the caller apart.
#include <err.h>
#include <stdio.h>

#include <linux/virtio_net.h>
#include <rte_vhost.h>

#include "switch.h"

#define BURST	   32 // frames that the library takes at a time
#define TO_GUEST   0  // rings, by their numbers
#define FROM_GUEST 1

// weft offers none of these: without them every frame is complete.
#define DISABLED                                                                                                       \
	(1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_GUEST_CSUM | 1ULL << VIRTIO_NET_F_GSO |                      \
		1ULL << VIRTIO_NET_F_HOST_TSO4 | 1ULL << VIRTIO_NET_F_HOST_TSO6 | 1ULL << VIRTIO_NET_F_HOST_ECN |      \
		1ULL << VIRTIO_NET_F_HOST_UFO | 1ULL << VIRTIO_NET_F_GUEST_TSO4 | 1ULL << VIRTIO_NET_F_GUEST_TSO6 |    \
		1ULL << VIRTIO_NET_F_GUEST_ECN | 1ULL << VIRTIO_NET_F_GUEST_UFO)

static struct weft_portio *port;
static _Atomic int device = -1;	  // the library's number of it
static _Atomic uint32_t silenced; // rings whose guest has been told not to kick

static int
new_device(int vid)
{
	atomic_store(&silenced, 0);
	atomic_store(&device, vid);
	atomic_store(&port->link, true);
	return 0;
}

static void
destroy_device(int vid __rte_unused)
{
	atomic_store(&device, -1);
	atomic_store(&port->link, false);
}

static int
ring_changed(int vid __rte_unused, uint16_t queue, int enable __rte_unused)
{
	atomic_fetch_and(&silenced, ~(1u << queue));
	return 0;
}

static const struct rte_vhost_device_ops callbacks = {
	.new_device = new_device,
	.destroy_device = destroy_device,
	.vring_state_changed = ring_changed,
};

static uint16_t
library_rx(struct weft_portio *io, uint16_t worker __rte_unused, struct rte_mbuf **pkts, uint16_t n,
	int64_t *bytes __rte_unused)
{
	int vid = atomic_load(&device);

	if (vid < 0)
		return 0;
	// The event thread cannot do that: it may hold the ring's lock.
	if ((atomic_fetch_or(&silenced, 1u << FROM_GUEST) >> FROM_GUEST & 1) == 0)
		rte_vhost_enable_guest_notification(vid, FROM_GUEST, 0);
	return rte_vhost_dequeue_burst(vid, FROM_GUEST, io->pool, pkts, n);
}

// Frees what the guest got, as a port of weft does.
static uint16_t
library_tx(struct weft_portio *io __rte_unused, uint16_t worker __rte_unused, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent = 0, want, done;
	int vid = atomic_load(&device);

	if (vid < 0)
		return 0;
	do {
		want = RTE_MIN(n - sent, BURST);
		done = rte_vhost_enqueue_burst(vid, TO_GUEST, pkts + sent, want);
		sent += done;
	} while (done == want && sent < n);
	rte_pktmbuf_free_bulk(pkts, sent);
	return sent;
}

// The library interrupts the guest within each burst.
static void
library_notify(struct weft_portio *io __rte_unused)
{
}

static void
library_close(struct weft_portio *io)
{
	rte_vhost_driver_unregister(io->priv);
}

void
library_open(struct weft_portio *io, struct rte_mempool *pool, const char *path)
{
	static const struct weft_io_ops ops = {
		.rx = library_rx, .tx = library_tx, .notify = library_notify, .close = library_close
	};
	static char name[108];

	snprintf(name, sizeof(name), "%s", path);
	port = io;
	io->ops = &ops;
	io->pool = pool;
	io->priv = name;
	if (rte_vhost_driver_register(name, RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS) ||
		rte_vhost_driver_disable_features(name, DISABLED) ||
		rte_vhost_driver_callback_register(name, &callbacks) || rte_vhost_driver_start(name))
		errx(1, "the library does not listen on %s", name);
}
