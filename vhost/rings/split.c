// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A burst is handled in passes, so that the cache lines that the guest's core holds are all on their way before the
// first is needed: entries of the available ring, then descriptors, then frames, then the used ring, whose index is
// written once.
#include "split.h"

#include "chain.h"

static struct vring_desc
read_desc(const struct vring_desc *desc)
{
	struct vring_desc d;
	uint64_t rest = guest_read64(&desc->len);

	d.addr = guest_read64(&desc->addr);
	d.len = (uint32_t)rest;
	d.flags = (uint16_t)(rest >> 32);
	d.next = (uint16_t)(rest >> 48);
	return d;
}

// How many entries are available, N at most. The guest's index is read only if the entries last seen are not enough.
static uint16_t
available(struct vhost_ring *ring, uint16_t n)
{
	uint16_t there = ring->seen - ring->next;

	if (unlikely(ring->fault))
		return 0;
	if (there < n) {
		ring->seen = __atomic_load_n(&ring->avail->idx, __ATOMIC_ACQUIRE);
		there = ring->seen - ring->next;
		if (unlikely(there > ring->size)) {
			vhost_ring_stop(ring, vhost_fault_of(ring, VHOST_FAULT_INDEX, there));
			return 0;
		}
	}
	return RTE_MIN(there, n);
}

// Reads the number of the chain at the I-th entry from next on. False: the ring has no such descriptor, and stopped.
static bool
read_head(struct vhost_ring *ring, uint16_t i, uint16_t *head)
{
	*head = guest_read16(&ring->avail->ring[(ring->next + i) & (ring->size - 1)]);
	if (likely(*head < ring->size))
		return true;
	vhost_ring_stop(ring, vhost_fault_of(ring, VHOST_FAULT_HEAD, *head));
	return false;
}

// Reads the numbers of the next N chains, and prefetches their first descriptors. Returns N, or how many come before a
// number that is wrong.
static uint16_t
read_heads(struct vhost_ring *ring, uint16_t *heads, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(!read_head(ring, i, &heads[i])))
			return i;
		rte_prefetch0(&ring->desc[heads[i]]);
	}
	return n;
}

// Appends the pieces of the chain that starts with D to CHAIN.
static enum vhost_fault
walk(struct vhost_ring *ring, struct vring_desc d, struct vhost_chain *chain)
{
	for (uint32_t count = 0; count < VHOST_CHAIN_MAX; count++) {
		enum vhost_fault fault;

		if (d.flags & VRING_DESC_F_INDIRECT)
			return d.flags & VRING_DESC_F_NEXT ? vhost_fault_of(ring, VHOST_FAULT_INDIRECT, d.addr)
							   : vhost_chain_table(ring, chain, d.addr, d.len, true);
		if (!(d.flags & VRING_DESC_F_WRITE) == ring->to_guest)
			return vhost_fault_of(ring, VHOST_FAULT_DIRECTION, d.addr);
		fault = vhost_chain_add(ring, chain, d.addr, d.len);
		if (fault || !(d.flags & VRING_DESC_F_NEXT))
			return fault;
		if (d.next >= ring->size)
			return VHOST_FAULT_CHAIN;
		d = read_desc(&ring->desc[d.next]);
	}
	return VHOST_FAULT_CHAIN;
}

static void
mark_used(struct vhost_ring *ring, uint16_t written)
{
	uint16_t from = ring->next & (ring->size - 1), straight = RTE_MIN(written, ring->size - from);
	uint64_t item = sizeof(struct vring_used_elem), items = ring->used_gpa + offsetof(struct vring_used, ring);

	weft_dirty_log_mark(ring->log, items + from * item, straight * item);
	if (written > straight)
		weft_dirty_log_mark(ring->log, items, (written - straight) * item);
	weft_dirty_log_mark(ring->log, ring->used_gpa + offsetof(struct vring_used, idx), sizeof(uint16_t));
}

// Gives the guest the N entries from next on back, which are WRITTEN entries in the used ring.
static void
give_back(struct vhost_ring *ring, uint16_t n, uint16_t written)
{
	if (unlikely(n == 0))
		return;
	__atomic_store_n(&ring->used->idx, (uint16_t)(ring->next + n), __ATOMIC_RELEASE);
	if (unlikely(ring->log))
		mark_used(ring, written);
	ring->next += n;
	ring->pending = true;
}

// Prefetches the lines to which the next N used entries will be written.
static void
prefetch_used(const struct vhost_ring *ring, uint16_t n)
{
	for (uint16_t i = 0; i < n; i += RTE_CACHE_LINE_SIZE / sizeof(struct vring_used_elem))
		guest_prefetch_write(&ring->used->ring[(ring->next + i) & (ring->size - 1)]);
	guest_prefetch_write(&ring->used->idx);
}

static void
write_used(struct vhost_ring *ring, uint16_t i, uint16_t head, uint32_t len)
{
	ring->used->ring[(ring->next + i) & (ring->size - 1)] = (struct vring_used_elem){ head, len };
}

// Reads the frame of the chain that starts with D, which is not one plain descriptor. Returns 0, -ENOMEM, -EAGAIN: in the
// next burst; or -EINVAL with the ring stopped.
static int
read_chain(struct vhost_ring *ring, struct vring_desc d, struct rte_mempool *pool, struct rte_mbuf *m)
{
	struct vhost_chain chain;
	enum vhost_fault fault;

	if (vhost_burst_is_over(ring))
		return -EAGAIN;
	vhost_chain_init(&chain);
	fault = walk(ring, d, &chain);
	return fault ? vhost_ring_stop(ring, fault) : vhost_chain_read(ring, &chain, pool, m);
}

// Writes the used ring's entries for a burst that was read. A guest that takes its buffers back in order needs only the
// number of the last one (2.6.9).
static void
use_read(struct vhost_ring *ring, const uint16_t *heads, uint16_t n)
{
	if (ring->in_order && n) {
		write_used(ring, 0, heads[n - 1], 0);
		give_back(ring, n, 1);
		return;
	}
	for (uint16_t i = 0; i < n; i++)
		write_used(ring, i, heads[i], 0);
	give_back(ring, n, n);
}

static uint16_t
split_dequeue(struct vhost_ring *ring, struct rte_mempool *pool, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	uint16_t heads[VHOST_BURST], header = ring->header, i;
	const uint8_t *from[VHOST_BURST];
	struct vring_desc descs[VHOST_BURST];
	uint32_t room;

	ring->walked = 0;
	vhost_burst_begin(ring, pkts);
	n = read_heads(ring, heads, available(ring, n));
	if (n == 0 || unlikely(rte_mempool_get_bulk(pool, (void **)pkts, n)))
		return 0;
	vhost_burst_takes(ring, n);
	prefetch_used(ring, ring->in_order ? 1 : n);
	for (i = 0; i < n; i++) {
		descs[i] = read_desc(&ring->desc[heads[i]]);
		from[i] = vhost_source(ring, descs[i].addr, descs[i].len, descs[i].flags);
	}
	room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
	for (i = 0; i<n && * bytes> 0; i++) {
		uint32_t len = descs[i].len - header;

		if (likely(from[i] && len <= room)) {
			vhost_mbuf_init(pkts[i], len);
			rte_memcpy(rte_pktmbuf_mtod(pkts[i], void *), from[i] + header, len);
		} else if (read_chain(ring, descs[i], pool, pkts[i])) {
			break;
		}
		*bytes -= pkts[i]->pkt_len;
	}
	if (unlikely(i < n))
		rte_mempool_put_bulk(pool, (void **)&pkts[i], n - i);
	vhost_burst_takes(ring, i);
	use_read(ring, heads, i);
	vhost_burst_end(ring, i);
	return i;
}

// A buffer in one piece, for a frame.
struct target {
	uint8_t *base; // NULL: it is not in one piece, or not plain
	uint64_t gpa;
	uint32_t len;
};

static void
find_target(struct vhost_ring *ring, const struct vring_desc *desc, struct target *to)
{
	struct vring_desc d = read_desc(desc);

	to->base = vhost_target(ring, d.addr, d.len, d.flags);
	to->gpa = d.addr;
	to->len = d.len;
}

// Writes a frame into the next buffers, of any kind: one, or several where the guest merges them. False: there are not
// enough, or the ring stopped.
static bool
write_chain(struct vhost_ring *ring, const struct rte_mbuf *m)
{
	uint32_t need = ring->header + m->pkt_len;
	uint16_t most = available(ring, ring->mergeable ? RTE_MIN(ring->size, VHOST_CHAIN_MAX) : 1), n = 0;
	struct vring_used_elem used[VHOST_CHAIN_MAX];
	struct vhost_chain chain;

	vhost_chain_init(&chain);
	while (n < most && chain.len < need) {
		uint64_t before = chain.len;
		enum vhost_fault fault;
		uint16_t head;

		if (unlikely(!read_head(ring, n, &head)))
			return false;
		fault = walk(ring, read_desc(&ring->desc[head]), &chain);
		if (unlikely(fault)) {
			vhost_ring_stop(ring, fault);
			return false;
		}
		used[n++] = (struct vring_used_elem){ head, (uint32_t)RTE_MIN(chain.len - before, need - before) };
	}
	if (chain.len < need) {
		ring->misfit = n == 1 && !ring->mergeable;
		return false;
	}
	vhost_chain_write(ring, &chain, m, n);
	for (uint16_t i = 0; i < n; i++)
		write_used(ring, i, used[i].id, used[i].len);
	give_back(ring, n, n);
	return true;
}

// Writes up to N frames of PKTS, VHOST_BURST at most, until one is not plain or there are no buffers. Returns how many.
static uint16_t
write_burst(struct vhost_ring *ring, struct rte_mbuf *const *pkts, uint16_t n)
{
	uint16_t heads[VHOST_BURST], i;
	struct target to[VHOST_BURST];

	n = read_heads(ring, heads, available(ring, n));
	prefetch_used(ring, n);
	for (i = 0; i < n; i++)
		find_target(ring, &ring->desc[heads[i]], &to[i]);
	for (i = 0; i < n; i++) {
		uint32_t need = ring->header + pkts[i]->pkt_len;

		if (unlikely(to[i].base == NULL || to[i].len < need || pkts[i]->nb_segs != 1))
			break;
		vhost_frame_write(ring, to[i].base, to[i].gpa, pkts[i]);
		write_used(ring, i, heads[i], need);
	}
	give_back(ring, i, i);
	return i;
}

static uint16_t
split_enqueue(struct vhost_ring *ring, struct rte_mbuf *const *pkts, uint16_t n)
{
	return vhost_enqueue(ring, pkts, n, write_burst, write_chain);
}

// Interrupts the guest for the bursts since the last time, if it wants that (2.6.7).
static void
split_notify(struct vhost_ring *ring)
{
	bool wanted;

	if (!vhost_notify_begin(ring))
		return;
	if (ring->event_idx)
		wanted = ring->fresh ||
			 vring_need_event(guest_read16(&ring->avail->ring[ring->size]), ring->next, ring->signalled);
	else
		wanted = !(guest_read16(&ring->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
	vhost_notify_end(ring, wanted);
}

const struct vhost_ring_ops weft_split_ops = {
	.dequeue = split_dequeue,
	.enqueue = split_enqueue,
	.notify = split_notify,
};
