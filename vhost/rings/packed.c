// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A packed ring is one array, in which the guest makes descriptors available and finds them used. A burst is read slot
// by slot until one is not available, copied, and given back. The flags of its first slot are written last, so the
// guest sees all of the burst or nothing.
#include "packed.h"

#include "chain.h"

#define AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define USED  (1u << VRING_PACKED_DESC_F_USED)

// A place in the ring. Guest and switch go round the ring, and the wrap counter changes each time.
struct place {
	uint16_t pos;
	uint16_t lap; // counts the rounds, for the in-flight page; never 0
	bool wrap;
};

static struct place
place_of(const struct vhost_ring *ring)
{
	return (struct place){ ring->next, ring->lap, ring->wrap };
}

static struct place
place_after(const struct vhost_ring *ring, struct place at, uint32_t slots)
{
	uint32_t pos = at.pos + slots;

	if (pos < ring->size)
		return (struct place){ (uint16_t)pos, at.lap, at.wrap };
	return (struct place){ (uint16_t)(pos - ring->size), at.lap == UINT16_MAX ? 1 : at.lap + 1, !at.wrap };
}

// The place SLOTS before AT. The lap stays as it is.
static struct place
place_before(const struct vhost_ring *ring, struct place at, uint16_t slots)
{
	if (at.pos >= slots)
		return (struct place){ at.pos - slots, at.lap, at.wrap };
	return (struct place){ at.pos + ring->size - slots, at.lap, !at.wrap };
}

// Length, number and flags of a slot are one word. The address is read after it.
static inline guest_word *
word_of(const struct vhost_ring *ring, uint16_t pos)
{
	return (guest_word *)&ring->packed[pos].len;
}

static struct vring_packed_desc
read_slot(struct vhost_ring *ring, uint16_t pos)
{
	struct vring_packed_desc d;
	uint64_t word = __atomic_load_n(word_of(ring, pos), __ATOMIC_ACQUIRE);

	d.len = (uint32_t)word;
	d.id = (uint16_t)(word >> 32);
	d.flags = (uint16_t)(word >> 48);
	d.addr = guest_read64(&ring->packed[pos].addr);
	return d;
}

static bool
is_available(const struct vring_packed_desc *d, bool wrap)
{
	return (d->flags & (AVAIL | USED)) == (wrap ? AVAIL : USED);
}

// A buffer that was used: its number, how much was written to it, and the slots that it took.
struct used {
	uint16_t id;
	uint16_t slots;
	uint32_t len;
};

static inline void
write_used(const struct vhost_ring *ring, struct place at, struct used used)
{
	uint64_t flags = (at.wrap ? AVAIL | USED : 0) | (ring->to_guest ? VRING_DESC_F_WRITE : 0);

	__atomic_store_n(word_of(ring, at.pos), flags << 48 | (uint64_t)used.id << 32 | used.len, __ATOMIC_RELEASE);
}

static void
mark_used(const struct vhost_ring *ring, struct place at)
{
	weft_dirty_log_mark(ring->log, ring->used_gpa + at.pos * sizeof(struct vring_packed_desc),
		sizeof(struct vring_packed_desc));
}

static void
note_begun(struct vhost_inflight_packed *info, struct place at, uint16_t slots)
{
	info->desc[at.pos].num = slots;
	__atomic_store_n(&info->desc[at.pos].last, at.lap, __ATOMIC_RELEASE);
	// The page is written before what the guest sees, in the view of every reader of both.
	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
}

// Writes that the N buffers before END were used, from the last one to the first. The guest sees them all when the
// first one is written, and until then it polls a line that nobody writes.
static void
write_all_used(const struct vhost_ring *in, struct place end, const struct used *used, uint16_t n)
{
	const struct vhost_ring ring = *in; // a copy stays in registers: the stores below could change anything else

	for (struct place at = end; n--;) {
		at = place_before(&ring, at, used[n].slots);
		write_used(&ring, at, used[n]);
		if (unlikely(ring.log))
			mark_used(in, at);
	}
}

// The same in the ring's order, for a front end that keeps the ring's place if weftd dies: each buffer is noted in the
// page before the guest sees it (see weft_packed_recover()).
static void
write_each_used(const struct vhost_ring *ring, const struct used *used, uint16_t n)
{
	struct place at = place_of(ring);

	for (uint16_t i = 0; i < n; i++) {
		note_begun(ring->inflight, at, used[i].slots);
		write_used(ring, at, used[i]);
		if (unlikely(ring->log))
			mark_used(ring, at);
		at = place_after(ring, at, used[i].slots);
	}
}

// Gives the guest the N buffers from next on back.
static void
give_back(struct vhost_ring *ring, const struct used *used, uint16_t n)
{
	struct place end;
	uint32_t slots = 0;

	if (unlikely(n == 0))
		return;
	for (uint16_t i = 0; i < n; i++)
		slots += used[i].slots;
	end = place_after(ring, place_of(ring), slots);
	if (likely(ring->inflight == NULL))
		write_all_used(ring, end, used, n);
	else
		write_each_used(ring, used, n);
	ring->next = end.pos;
	ring->lap = end.lap;
	ring->wrap = end.wrap;
	ring->pending = true;
	if (unlikely(ring->inflight != NULL))
		weft_packed_remember(ring);
}

// Appends the pieces of the buffer that starts with D in slot AT to CHAIN. *USED gets its number and slots.
static enum vhost_fault
walk(struct vhost_ring *ring, struct place at, struct vring_packed_desc d, struct vhost_chain *chain, struct used *used)
{
	used->slots = 0;
	while (used->slots < RTE_MIN(ring->size, VHOST_CHAIN_MAX)) {
		enum vhost_fault fault;

		used->slots++;
		used->id = d.id;
		if (d.flags & VRING_DESC_F_INDIRECT)
			return d.flags & VRING_DESC_F_NEXT ? vhost_fault_of(ring, VHOST_FAULT_INDIRECT, d.addr)
							   : vhost_chain_table(ring, chain, d.addr, d.len, false);
		if (!(d.flags & VRING_DESC_F_WRITE) == ring->to_guest)
			return vhost_fault_of(ring, VHOST_FAULT_DIRECTION, d.addr);
		fault = vhost_chain_add(ring, chain, d.addr, d.len);
		if (fault || !(d.flags & VRING_DESC_F_NEXT))
			return fault;
		at = place_after(ring, at, 1);
		d = read_slot(ring, at.pos);
	}
	return VHOST_FAULT_CHAIN;
}

// Copies up to N slots from POS on, where the wrap counter is WRAP. Stops at one that is not available or part of a
// chain. Returns how many.
static uint16_t
read_straight(struct vhost_ring *ring, uint16_t pos, bool wrap, struct vring_packed_desc *descs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		descs[i] = read_slot(ring, pos + i);
		if (!is_available(&descs[i], wrap) || unlikely(descs[i].flags & VRING_DESC_F_NEXT))
			return i;
	}
	return n;
}

// Copies the slots from next on that are whole buffers, N at most. Returns how many.
static uint16_t
read_slots(struct vhost_ring *ring, struct vring_packed_desc *descs, uint16_t n)
{
	uint16_t all = RTE_MIN(n, ring->size), straight = RTE_MIN(all, ring->size - ring->next), got;

	if (unlikely(ring->fault))
		return 0;
	got = read_straight(ring, ring->next, ring->wrap, descs, straight);
	if (unlikely(got < all) && got == straight)
		got += read_straight(ring, 0, !ring->wrap, descs + got, all - got);
	return got;
}

// Reads the frame of the buffer that starts with D in the slot at next + OFFSET. Returns 0, -ENOMEM, -EAGAIN: in
// the next burst; or -EINVAL with the ring stopped.
static int
read_buffer(struct vhost_ring *ring, uint16_t offset, struct vring_packed_desc d, struct rte_mempool *pool,
	struct rte_mbuf *m, struct used *used)
{
	struct vhost_chain chain;
	enum vhost_fault fault;

	if (vhost_burst_is_over(ring))
		return -EAGAIN;
	vhost_chain_init(&chain);
	used->len = 0;
	fault = walk(ring, place_after(ring, place_of(ring), offset), d, &chain, used);
	return fault ? vhost_ring_stop(ring, fault) : vhost_chain_read(ring, &chain, pool, m);
}

// Gives back a burst of buffers that were read, of one slot each. A guest that takes its buffers back in order needs
// only one used descriptor, with the number of the last one (2.7.8).
static void
use_read(struct vhost_ring *ring, const struct vring_packed_desc *descs, uint16_t n)
{
	struct used used[VHOST_BURST];

	if (ring->in_order && n) {
		used[0] = (struct used){ descs[n - 1].id, n, 0 };
		give_back(ring, used, 1);
		return;
	}
	for (uint16_t i = 0; i < n; i++)
		used[i] = (struct used){ descs[i].id, 1, 0 };
	give_back(ring, used, n);
}

// Reads a burst at next, of buffers of one slot each. Returns how many.
static uint16_t
read_burst(struct vhost_ring *ring, struct rte_mempool *pool, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	struct vring_packed_desc descs[VHOST_BURST];
	const uint8_t *from[VHOST_BURST];
	uint32_t room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
	uint16_t header = ring->header, i;

	vhost_burst_begin(ring, pkts);
	n = read_slots(ring, descs, n);
	if (n == 0 || unlikely(rte_mempool_get_bulk(pool, (void **)pkts, n)))
		return 0;
	vhost_burst_takes(ring, n);
	for (i = 0; i < n; i++) {
		from[i] = vhost_source(ring, descs[i].addr, descs[i].len, descs[i].flags);
	}
	for (i = 0; i<n && * bytes> 0; i++) {
		uint32_t len = descs[i].len - header;
		struct used used;

		if (likely(from[i] && len <= room)) {
			vhost_mbuf_init(pkts[i], len);
			rte_memcpy(rte_pktmbuf_mtod(pkts[i], void *), from[i] + header, len);
		} else if (read_buffer(ring, i, descs[i], pool, pkts[i], &used)) {
			break;
		}
		*bytes -= pkts[i]->pkt_len;
	}
	if (unlikely(i < n))
		rte_mempool_put_bulk(pool, (void **)&pkts[i], n - i);
	vhost_burst_takes(ring, i);
	use_read(ring, descs, i);
	vhost_burst_end(ring, i);
	return i;
}

// Reads one buffer of several slots. Returns 1, or 0 if there is none, or no mbuf for it.
static uint16_t
read_chained(struct vhost_ring *ring, struct rte_mempool *pool, struct rte_mbuf **pkt, int64_t *bytes)
{
	struct vring_packed_desc d;
	struct used used;

	if (ring->fault || *bytes <= 0)
		return 0;
	d = read_slot(ring, ring->next);
	if (!is_available(&d, ring->wrap) || rte_mempool_get(pool, (void **)pkt))
		return 0;
	vhost_burst_takes(ring, 1);
	if (read_buffer(ring, 0, d, pool, *pkt, &used)) {
		vhost_burst_takes(ring, 0);
		rte_mempool_put(pool, *pkt);
		return 0;
	}
	*bytes -= (*pkt)->pkt_len;
	give_back(ring, &used, 1);
	vhost_burst_end(ring, 1);
	return 1;
}

static uint16_t
packed_dequeue(struct vhost_ring *ring, struct rte_mempool *pool, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	uint16_t got = 0;

	ring->walked = 0;
	while (got < n) {
		uint16_t want = n - got, here = read_burst(ring, pool, pkts + got, want, bytes);

		got += here;
		if (here == want || !read_chained(ring, pool, &pkts[got], bytes))
			break;
		got++;
	}
	return got;
}

// Prefetches slots for writing: each will be read, and then written.
static void
prefetch_slots(const struct vhost_ring *ring, uint16_t n)
{
	for (uint16_t i = 0; i < n; i += RTE_CACHE_LINE_SIZE / sizeof(struct vring_packed_desc)) {
		uint32_t pos = ring->next + i;

		guest_prefetch_write(&ring->packed[pos < ring->size ? pos : pos - ring->size]);
	}
}

// Writes up to N frames of PKTS, VHOST_BURST at most, until one is not plain or there are no buffers. Returns how many.
static uint16_t
write_burst(struct vhost_ring *ring, struct rte_mbuf *const *pkts, uint16_t n)
{
	struct vring_packed_desc descs[VHOST_BURST];
	struct used used[VHOST_BURST];
	uint8_t *to[VHOST_BURST];
	uint16_t i;

	prefetch_slots(ring, RTE_MIN(n, ring->size));
	n = read_slots(ring, descs, n);
	for (i = 0; i < n; i++) {
		to[i] = vhost_target(ring, descs[i].addr, descs[i].len, descs[i].flags);
	}
	for (i = 0; i < n; i++) {
		uint32_t need = ring->header + pkts[i]->pkt_len;

		if (unlikely(to[i] == NULL || descs[i].len < need || pkts[i]->nb_segs != 1))
			break;
		vhost_frame_write(ring, to[i], descs[i].addr, pkts[i]);
		used[i] = (struct used){ descs[i].id, 1, need };
	}
	give_back(ring, used, i);
	return i;
}

// Writes a frame into the next buffers, of any kind: one, or several where the guest merges them. False: there are not
// enough, or the ring stopped.
static bool
write_chain(struct vhost_ring *ring, const struct rte_mbuf *m)
{
	uint32_t need = ring->header + m->pkt_len, most = ring->mergeable ? VHOST_CHAIN_MAX : 1, n = 0;
	struct place at = place_of(ring);
	struct used used[VHOST_CHAIN_MAX];
	struct vhost_chain chain;
	uint32_t slots = 0;

	vhost_chain_init(&chain);
	while (n < most && slots < ring->size && chain.len < need) {
		struct vring_packed_desc d;
		uint64_t before = chain.len;
		enum vhost_fault fault;

		if (ring->fault)
			return false;
		d = read_slot(ring, at.pos);
		if (!is_available(&d, at.wrap))
			return false;
		fault = walk(ring, at, d, &chain, &used[n]);
		slots += used[n].slots;
		if (fault == VHOST_FAULT_NONE && slots > ring->size)
			fault = VHOST_FAULT_CHAIN;
		if (fault) {
			vhost_ring_stop(ring, fault);
			return false;
		}
		at = place_after(ring, at, used[n].slots);
		used[n++].len = (uint32_t)RTE_MIN(chain.len - before, need - before);
	}
	if (chain.len < need) {
		ring->misfit = !ring->mergeable;
		return false;
	}
	vhost_chain_write(ring, &chain, m, (uint16_t)n);
	give_back(ring, used, (uint16_t)n);
	return true;
}

static uint16_t
packed_enqueue(struct vhost_ring *ring, struct rte_mbuf *const *pkts, uint16_t n)
{
	return vhost_enqueue(ring, pkts, n, write_burst, write_chain);
}

// Interrupts the guest for the bursts since the last time, if it wants that (2.7.10).
static void
packed_notify(struct vhost_ring *ring)
{
	uint16_t now = ring->next, before = ring->signalled, flags, wish;
	bool wanted;

	if (!vhost_notify_begin(ring))
		return;
	flags = guest_read16(&ring->driver_event->flags);
	wanted = flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	if (ring->event_idx && flags == VRING_PACKED_EVENT_FLAG_DESC && !ring->fresh) {
		wish = guest_read16(&ring->driver_event->off_wrap);
		if (now <= before)
			before -= ring->size;
		wanted = vring_need_event((wish & 0x7fff) - (wish >> 15 == ring->wrap ? 0 : ring->size), now, before);
	}
	vhost_notify_end(ring, wanted);
}

// With VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD the front end keeps a page for each ring when weftd dies (vhost-user's
// specification, "Inflight I/O tracking"). A split ring needs no page: its used index says where to go on. For a packed
// ring the page says in one word, which is written after each burst, at which slot and in which lap the burst ended.
// The entry of a buffer's first slot has its number of slots and the lap, and is written before the guest sees the
// buffer used. So the next weftd starts at that place and skips the buffers that were begun in this lap, up to one that
// is still available. The guest has the skipped ones back, and may have made them available again since.
void
weft_packed_remember(const struct vhost_ring *ring)
{
	struct vhost_inflight_packed *info = ring->inflight;
	uint64_t word = (uint64_t)ring->next | (uint64_t)ring->next << 16 | (uint64_t)ring->wrap << 32 |
			(uint64_t)ring->wrap << 40 | (uint64_t)ring->lap << 48;

	_Static_assert(offsetof(struct vhost_inflight_packed, used_idx) == 16, "the word with both places");
	__atomic_store_n((guest_word *)&info->used_idx, word, __ATOMIC_RELEASE);
}

void
weft_packed_recover(struct vhost_ring *ring)
{
	struct vhost_inflight_packed *info = ring->inflight;
	uint64_t word = guest_read64(&info->used_idx);
	struct place at = { (uint16_t)word, (uint16_t)(word >> 48), word >> 32 & 1 };

	// A new page is all zeros, also its lap. A page that a front end has cleared says nothing: it has lost the link
	// of its first entry, which is never written here.
	at.lap = at.lap ? at.lap : 1;
	ring->lap = at.lap;
	if (info->desc[0].next == 0) {
		info->desc[0].next = 1;
	} else if (at.pos < ring->size) {
		for (uint32_t walked = 0; walked < ring->size;) {
			struct vring_packed_desc d = read_slot(ring, at.pos);
			uint16_t slots = guest_read16(&info->desc[at.pos].num);

			if (guest_read16(&info->desc[at.pos].last) != at.lap || slots == 0 || slots > ring->size ||
				is_available(&d, at.wrap))
				break;
			at = place_after(ring, at, slots);
			walked += slots;
		}
		ring->next = at.pos;
		ring->lap = at.lap;
		ring->wrap = at.wrap;
	}
	weft_packed_remember(ring);
}

const struct vhost_ring_ops weft_packed_ops = {
	.dequeue = packed_dequeue,
	.enqueue = packed_enqueue,
	.notify = packed_notify,
};
