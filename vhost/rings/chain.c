// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "chain.h"

// Whoever is woken by STOPPED sees the fault.
int
vhost_ring_stop(struct vhost_ring *ring, enum vhost_fault fault)
{
	atomic_store(&ring->fault, fault);
	if (ring->stopped)
		ring->stopped(ring);
	return -EINVAL;
}

enum vhost_fault
vhost_chain_add(struct vhost_ring *ring, struct vhost_chain *chain, uint64_t gpa, uint32_t len)
{
	chain->len += len;
	ring->walked++;
	if (chain->walked++ == VHOST_CHAIN_MAX)
		return VHOST_FAULT_CHAIN;
	while (len) {
		struct vhost_piece *piece = &chain->pieces[chain->n];
		uint64_t here = len;

		// A buffer across regions is several pieces.
		if (chain->n == VHOST_CHAIN_MAX)
			return VHOST_FAULT_CHAIN;
		piece->base = guest_memory_piece(ring->mem, gpa, &here);
		if (piece->base == NULL)
			return vhost_fault_of(ring, VHOST_FAULT_ADDRESS, gpa);
		piece->gpa = gpa;
		piece->len = (uint32_t)here;
		chain->n++;
		gpa += here;
		len -= here;
	}
	return VHOST_FAULT_NONE;
}

enum vhost_fault
vhost_chain_table(struct vhost_ring *ring, struct vhost_chain *chain, uint64_t gpa, uint32_t len, bool linked)
{
	uint32_t n = len / sizeof(struct vring_desc), i = 0;

	if (!ring->indirect || n == 0 || n > ring->size || len % sizeof(struct vring_desc))
		return vhost_fault_of(ring, VHOST_FAULT_INDIRECT, gpa);
	for (uint32_t count = 0; count < n; count++) {
		struct vring_desc d;
		struct vring_packed_desc p;
		const uint8_t *entry = guest_memory_at(ring->mem, &ring->hot, gpa + i * sizeof(d), sizeof(d));
		enum vhost_fault fault;

		if (entry == NULL)
			return vhost_fault_of(ring, VHOST_FAULT_ADDRESS, gpa + i * sizeof(d));
		memcpy(&d, entry, sizeof(d));
		if (!linked) {
			memcpy(&p, &d, sizeof(p));
			d.flags = p.flags;
		}
		if (d.flags & VRING_DESC_F_INDIRECT)
			return vhost_fault_of(ring, VHOST_FAULT_INDIRECT, d.addr);
		if (!(d.flags & VRING_DESC_F_WRITE) == ring->to_guest)
			return vhost_fault_of(ring, VHOST_FAULT_DIRECTION, d.addr);
		fault = vhost_chain_add(ring, chain, d.addr, d.len);
		if (fault)
			return fault;
		if (linked && !(d.flags & VRING_DESC_F_NEXT))
			return VHOST_FAULT_NONE;
		i = linked ? d.next : i + 1;
		if (linked && i >= n)
			return VHOST_FAULT_CHAIN;
	}
	return linked ? VHOST_FAULT_CHAIN : VHOST_FAULT_NONE;
}

int
vhost_chain_read(struct vhost_ring *ring, const struct vhost_chain *chain, struct rte_mempool *pool, struct rte_mbuf *m)
{
	uint32_t skip = ring->header, left = chain->len > skip ? (uint32_t)chain->len - skip : 0, room;
	struct rte_mbuf *seg = m;

	if (chain->len > VHOST_FRAME_MAX + (uint64_t)ring->header)
		return vhost_ring_stop(ring, vhost_fault_of(ring, VHOST_FAULT_LENGTH, chain->len - ring->header));
	vhost_mbuf_init(m, 0);
	m->pkt_len = left;
	room = rte_pktmbuf_tailroom(m);
	for (uint32_t i = 0; i < chain->n && left; i++) {
		const uint8_t *from = chain->pieces[i].base;
		uint32_t len = chain->pieces[i].len, here = RTE_MIN(len, skip);

		skip -= here;
		for (from += here, len -= here; len; from += here, len -= here) {
			if (room == 0) {
				struct rte_mbuf *more = rte_pktmbuf_alloc(pool);

				if (more == NULL) {
					if (m->next)
						rte_pktmbuf_free(m->next);
					m->next = NULL;
					m->nb_segs = 1;
					return -ENOMEM;
				}
				seg->next = more;
				seg = more;
				m->nb_segs++;
				room = rte_pktmbuf_tailroom(seg);
			}
			here = RTE_MIN(len, room);
			memcpy(rte_pktmbuf_mtod_offset(seg, uint8_t *, seg->data_len), from, here);
			seg->data_len += here;
			room -= here;
			left -= here;
		}
	}
	return 0;
}

// Where the next byte of a chain goes.
struct cursor {
	const struct vhost_ring *ring;
	const struct vhost_piece *piece;
	uint32_t used; // of the piece
};

static void
put(struct cursor *at, const void *data, uint32_t len)
{
	const uint8_t *from = data;

	while (len) {
		uint32_t here = RTE_MIN(len, at->piece->len - at->used);

		memcpy(at->piece->base + at->used, from, here);
		if (at->ring->log)
			weft_dirty_log_mark(at->ring->log, at->piece->gpa + at->used, here);
		from += here;
		len -= here;
		at->used += here;
		if (at->used == at->piece->len) {
			at->piece++;
			at->used = 0;
		}
	}
}

void
vhost_chain_write(
	const struct vhost_ring *ring, const struct vhost_chain *chain, const struct rte_mbuf *m, uint16_t buffers)
{
	const struct virtio_net_hdr_mrg_rxbuf header = { .num_buffers = buffers };
	struct cursor at = { ring, chain->pieces, 0 };

	put(&at, &header, ring->header);
	for (; m; m = m->next)
		put(&at, rte_pktmbuf_mtod(m, const void *), m->data_len);
}
