// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The reference with which weft's own rings are compared, and the fall-back of a port with attach.rings "library".
// These rings take the library's locks.
#include "library.h"

#include "weft/portio.h"

static uint16_t
library_dequeue(struct vhost_ring *ring, struct rte_mempool *pool, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	uint16_t got;

	// Tells the guest not to kick. The event thread cannot do that: it may hold the ring's lock.
	if (unlikely(ring->fresh)) {
		rte_vhost_enable_guest_notification(ring->vid, ring->index, 0);
		ring->fresh = false;
	}
	n = weft_frames_within(n, *bytes);
	got = n && !ring->fault ? rte_vhost_dequeue_burst(ring->vid, ring->index, pool, pkts, n) : 0;

	for (uint16_t i = 0; i < got; i++)
		*bytes -= pkts[i]->pkt_len;
	return got;
}

// In bursts: the library takes no more at a time.
static uint16_t
library_enqueue(struct vhost_ring *ring, struct rte_mbuf *const *pkts, uint16_t n)
{
	uint16_t sent = 0, want, done;

	if (unlikely(ring->fault))
		return 0;
	do {
		struct rte_mbuf *burst[VHOST_BURST];

		want = RTE_MIN(n - sent, VHOST_BURST);
		for (uint16_t i = 0; i < want; i++)
			burst[i] = pkts[sent + i];
		done = rte_vhost_enqueue_burst(ring->vid, ring->index, burst, want);
		sent += done;
	} while (done == want && sent < n);
	return sent;
}

// The library interrupts the guest within each burst.
static void
library_notify(struct vhost_ring *ring __rte_unused)
{
}

const struct vhost_ring_ops vhost_library_ops = {
	.dequeue = library_dequeue,
	.enqueue = library_enqueue,
	.notify = library_notify,
};
