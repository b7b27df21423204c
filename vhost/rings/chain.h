// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What split and packed rings share. A plain buffer is one descriptor in one region of memory. Of all others (chained,
// indirect, or across two regions) the pieces are collected and checked before one byte is copied.
#pragma once

#include <errno.h>
#include <string.h>

#include <rte_memcpy.h>
#include <rte_prefetch.h>

#include "call.h"
#include "ring.h"

// The most descriptors for a frame, empty ones included. Linux makes 19 at most. The ring's size would be VIRTIO's bound, and
// to walk 32,768 of them takes a worker milliseconds.
#define VHOST_CHAIN_MAX 256
// When a burst has walked so many, the rest waits for the next burst.
#define VHOST_BURST_WALK 1024

struct vhost_piece {
	uint8_t *base;
	uint64_t gpa;
	uint32_t len;
};

struct vhost_chain {
	uint32_t n;
	uint32_t walked; // descriptors, empty ones too
	uint64_t len;	 // of all pieces
	struct vhost_piece pieces[VHOST_CHAIN_MAX];
};

// All functions are for the owner worker. Those that check return a fault.

// Stops the ring until the guest sets it up again. Returns -EINVAL.
__attribute__((cold)) int vhost_ring_stop(struct vhost_ring *ring, enum vhost_fault fault);

// Notes the VALUE that was wrong, for reports. Returns FAULT.
static inline enum vhost_fault
vhost_fault_of(struct vhost_ring *ring, enum vhost_fault fault, uint64_t value)
{
	atomic_store_explicit(&ring->fault_value, value, memory_order_relaxed);
	return fault;
}

// What a burst notes for vhost_rx(), which frees the burst's mbufs if an access to the guest's memory faults. No such access
// moves across these.
static inline void
vhost_burst_begin(struct vhost_ring *ring, struct rte_mbuf **pkts)
{
	ring->first = pkts;
	ring->taking = 0;
	atomic_signal_fence(memory_order_seq_cst);
}

// N mbufs from the ring's first on are the burst's.
static inline void
vhost_burst_takes(struct vhost_ring *ring, uint16_t n)
{
	atomic_signal_fence(memory_order_seq_cst);
	ring->taking = n;
	atomic_signal_fence(memory_order_seq_cst);
}

// N more frames are whole, and the burst takes no others.
static inline void
vhost_burst_end(struct vhost_ring *ring, uint16_t n)
{
	atomic_signal_fence(memory_order_seq_cst);
	ring->first += n;
	ring->taking = 0;
	atomic_signal_fence(memory_order_seq_cst);
}

static inline bool
vhost_burst_is_over(const struct vhost_ring *ring)
{
	return ring->walked >= VHOST_BURST_WALK;
}

static inline void
vhost_chain_init(struct vhost_chain *chain)
{
	chain->n = 0;
	chain->walked = 0;
	chain->len = 0;
}

// Whether FLAGS are those of a plain descriptor.
static inline bool
vhost_is_plain(uint16_t flags, bool to_guest)
{
	return (flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT | VRING_DESC_F_WRITE)) ==
	       (to_guest ? VRING_DESC_F_WRITE : 0);
}

// Appends the LEN bytes at GPA.
enum vhost_fault vhost_chain_add(struct vhost_ring *ring, struct vhost_chain *chain, uint64_t gpa, uint32_t len);

// Appends the buffers of an indirect table. LINKED: each entry names the next (split); else they follow each other
// (packed).
enum vhost_fault
vhost_chain_table(struct vhost_ring *ring, struct vhost_chain *chain, uint64_t gpa, uint32_t len, bool linked);

// Copies the frame behind the header into M, which is fresh, and as many more mbufs of POOL as needed. Returns 0, or
// -ENOMEM with M as it was.
int vhost_chain_read(
	struct vhost_ring *ring, const struct vhost_chain *chain, struct rte_mempool *pool, struct rte_mbuf *m);

// Writes the header and the frame. The chain is at least as long as both.
void vhost_chain_write(
	const struct vhost_ring *ring, const struct vhost_chain *chain, const struct rte_mbuf *m, uint16_t buffers);

// Makes M, fresh from its pool, a frame of LEN bytes without offloads. Mbufs in a pool have one segment and one user,
// so their second cache line need not be written.
static inline void
vhost_mbuf_init(struct rte_mbuf *m, uint32_t len)
{
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->ol_flags = 0;
	m->packet_type = 0;
	m->pkt_len = len;
	m->data_len = (uint16_t)len;
	m->vlan_tci = 0;
}

// Where the header and frame of a plain descriptor begin; prefetches the frame. NULL: the descriptor is not plain.
static inline const uint8_t *
vhost_source(struct vhost_ring *ring, uint64_t gpa, uint32_t len, uint16_t flags)
{
	const uint8_t *from = NULL;

	if (likely(vhost_is_plain(flags, false) && len >= ring->header))
		from = guest_memory_at(ring->mem, &ring->hot, gpa, len);
	if (likely(from != NULL))
		rte_prefetch0(from + ring->header);
	return from;
}

// Where the buffer of a plain descriptor begins; NULL: the descriptor is not plain. Prefetches the line of the frame's
// beginning for writing, and the header's for reading only (see vhost_header_write()).
static inline uint8_t *
vhost_target(struct vhost_ring *ring, uint64_t gpa, uint32_t len, uint16_t flags)
{
	uint8_t *to = NULL;

	if (likely(vhost_is_plain(flags, true)))
		to = guest_memory_at(ring->mem, &ring->hot, gpa, len);
	if (likely(to != NULL)) {
		rte_prefetch0(to);
		guest_prefetch_write(to + ring->header);
	}
	return to;
}

// Writes the header of a frame in one buffer: no offload. The buffer mostly has it already, and a line that is only
// read also stays in the guest's core's cache. The plain header is static: built on the stack in pieces and read in one, it
// would wait until all earlier writes to the guest, which miss, are done.
static inline void
vhost_header_write(uint8_t *base, uint16_t header)
{
	static const struct virtio_net_hdr_mrg_rxbuf plain = { .num_buffers = 1 };

	if (likely(header == sizeof(plain))) {
		if (memcmp(base, &plain, sizeof(plain)))
			memcpy(base, &plain, sizeof(plain));
	} else if (memcmp(base, &plain, sizeof(plain.hdr))) {
		memcpy(base, &plain, sizeof(plain.hdr));
	}
}

// Writes a frame of one segment into the plain buffer TO, which lies at GPA and is long enough.
static inline void
vhost_frame_write(const struct vhost_ring *ring, uint8_t *to, uint64_t gpa, const struct rte_mbuf *m)
{
	vhost_header_write(to, ring->header);
	rte_memcpy(to + ring->header, rte_pktmbuf_mtod(m, const void *), m->data_len);
	if (unlikely(ring->log))
		weft_dirty_log_mark(ring->log, gpa, ring->header + m->data_len);
}

// Enqueues with two functions: BURST writes up to VHOST_BURST frames into plain buffers and returns how many, and ONE
// writes the frame at which that stopped, or returns false. Returns how many frames the guest got.
static __rte_always_inline uint16_t
vhost_enqueue(struct vhost_ring *ring, struct rte_mbuf *const *pkts, uint16_t n,
	uint16_t (*burst)(struct vhost_ring *ring, struct rte_mbuf *const *pkts, uint16_t n),
	bool (*one)(struct vhost_ring *ring, const struct rte_mbuf *m))
{
	uint16_t sent = 0;

	ring->walked = 0;
	while (sent < n) {
		uint16_t want = RTE_MIN(n - sent, VHOST_BURST), done = burst(ring, pkts + sent, want);

		sent += done;
		if (done == want)
			continue;
		if (vhost_burst_is_over(ring) || !one(ring, pkts[sent]))
			return sent;
		sent++;
	}
	return sent;
}

// Whether the guest may have to be interrupted: the caller reads now whether it wants that. The guest sees the used
// buffers before that is read, or it looks at them again after it has changed what it wants.
static inline bool
vhost_notify_begin(struct vhost_ring *ring)
{
	if (!ring->pending)
		return false;
	ring->pending = false;
	if (ring->call < 0)
		return false;
	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
	return true;
}

// Interrupts the guest where it wants that. The ring stops if that takes too long.
static inline void
vhost_notify_end(struct vhost_ring *ring, bool wanted)
{
	ring->signalled = ring->next;
	ring->fresh = false;
	if (wanted && unlikely(!weft_call(ring)))
		vhost_ring_stop(ring, VHOST_FAULT_CALL);
}
