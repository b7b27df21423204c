// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A guest's buffer that is not one plain descriptor: chained, indirect, or across two regions of memory. The pieces
// are collected, all checked, before one byte is copied.
#pragma once

#include <string.h>

#include <rte_prefetch.h>

#include "ring.h"

#define VHOST_CHAIN_MAX 256 // pieces

struct vhost_piece {
	uint8_t *base;
	uint64_t gpa;
	uint32_t len;
};

struct vhost_chain {
	uint32_t n;
	uint64_t len; // of all pieces
	struct vhost_piece pieces[VHOST_CHAIN_MAX];
};

// All by the owner worker. Functions that check return a fault.

// A plain descriptor's flags, and what they are once it is read: anything else is walked.
static inline bool
vhost_is_plain(uint16_t flags, bool to_guest)
{
	return (flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT | VRING_DESC_F_WRITE)) ==
	       (to_guest ? VRING_DESC_F_WRITE : 0);
}

// Appends the LEN bytes at GPA.
enum vhost_fault vhost_chain_add(struct vhost_ring *ring, struct vhost_chain *chain, uint64_t gpa, uint32_t len);

// Appends what an indirect table says: LINKED by its entries' next (split), else one after the other (packed).
enum vhost_fault
vhost_chain_table(struct vhost_ring *ring, struct vhost_chain *chain, uint64_t gpa, uint32_t len, bool linked);

// Copies the frame behind the header into M, which is fresh, and as many more mbufs of POOL as it takes. Returns
// 0, or -ENOMEM with M as it was.
int vhost_chain_read(
	const struct vhost_ring *ring, const struct vhost_chain *chain, struct rte_mempool *pool, struct rte_mbuf *m);

// Writes the header and the frame. The chain is at least as long as both.
void vhost_chain_write(
	const struct vhost_ring *ring, const struct vhost_chain *chain, const struct rte_mbuf *m, uint16_t buffers);

// Has the lines of a receive buffer come: those of the frame's beginning for writing, and the header's, where it lies
// before them, for reading only (see vhost_header_write()).
static inline void
vhost_target_prefetch(uint8_t *base, uint16_t header)
{
	rte_prefetch0(base);
	guest_prefetch_write(base + header);
}

// Writes the header of a frame in one buffer: no offload. It mostly stands there already, and a line that is only read
// stays with the guest's core too.
static inline void
vhost_header_write(uint8_t *base, uint16_t header)
{
	const struct virtio_net_hdr_mrg_rxbuf plain = { .num_buffers = 1 };

	if (likely(header == sizeof(plain))) {
		if (memcmp(base, &plain, sizeof(plain)))
			memcpy(base, &plain, sizeof(plain));
	} else if (memcmp(base, &plain, sizeof(plain.hdr))) {
		memcpy(base, &plain, sizeof(plain.hdr));
	}
}

// Makes M, straight from its pool, a frame of LEN bytes without offloads. Mbufs in a pool have one segment and one
// user, and their second cache line is not touched.
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
