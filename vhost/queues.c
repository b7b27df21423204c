// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "queues.h"

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_jhash.h>

#include "guard.h"
#include "port.h"

#define TO_GUEST(port, pair)   (&(port)->rings[(pair)*2])
#define FROM_GUEST(port, pair) (&(port)->rings[(pair)*2 + 1])

// The guest has moved here and cannot announce itself (VHOST_USER_SEND_RARP): makes the frame by which switches learn
// where it is.
static uint16_t
announce(struct vhost_port *port, struct rte_mbuf **pkt)
{
	uint64_t mac = atomic_exchange(&port->rarp, 0);
	struct rte_ether_addr addr;

	for (unsigned int i = 0; i < RTE_ETHER_ADDR_LEN; i++)
		addr.addr_bytes[i] = (uint8_t)(mac >> 8 * i);
	*pkt = rte_net_make_rarp_packet(port->io->pool, &addr);
	return *pkt != NULL;
}

static __rte_noinline uint16_t
read_rings(struct vhost_port *port, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	struct rte_mempool *pool = port->io->pool;
	struct vhost_ring *ring = FROM_GUEST(port, 0);
	uint32_t enabled;
	uint16_t got = 0;

	if (unlikely(atomic_load_explicit(&port->rarp, memory_order_relaxed)) && n)
		got = announce(port, pkts);
	enabled = atomic_load_explicit(&port->from_guest, memory_order_relaxed);
	port->reading = 1;
	if (likely(enabled == 1 && !got))
		return ring->ops->dequeue(ring, pool, pkts, n, bytes);
	// Reads each pair in turn, and begins with another one each time.
	for (uint16_t i = 0; i < WEFT_MAX_QUEUE_PAIRS && enabled && got<n && * bytes> 0; i++) {
		uint16_t pair = port->next_queue++ % WEFT_MAX_QUEUE_PAIRS;

		if (!(enabled & 1u << pair))
			continue;
		port->reading = (uint16_t)(2 * pair + 1);
		ring = &port->rings[port->reading];
		got += ring->ops->dequeue(ring, pool, pkts + got, n - got, bytes);
	}
	return got;
}

// A touch of the guest's memory faulted while PKTS was filled. The frames before the burst in work are whole; its mbufs
// are given back. Returns how many frames there are.
static uint16_t
abandon(struct vhost_port *port, struct rte_mbuf **pkts)
{
	struct vhost_ring *ring = &port->rings[port->reading];

	if (ring->first == NULL)
		return 0;
	for (uint16_t i = 0; i < ring->taking; i++)
		rte_pktmbuf_free(ring->first[i]);
	ring->taking = 0;
	return (uint16_t)(ring->first - pkts);
}

uint16_t
vhost_rx(struct weft_portio *io, uint16_t worker __rte_unused, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	struct vhost_port *port = io->priv;
	struct vhost_guard guard;
	uint16_t got;

	if (unlikely(!atomic_load_explicit(&port->running, memory_order_acquire)))
		return 0;
	if (likely(vhost_guard_enter(&guard, port)))
		got = read_rings(port, pkts, n, bytes);
	else
		got = abandon(port, pkts);
	vhost_guard_leave();
	return got;
}

// A header may lie at any address, and the hash needs aligned words.
static uint32_t
hash_bytes(const uint8_t *p, uint32_t size, uint32_t seed)
{
	uint32_t words[9];

	memcpy(words, p, size);
	return rte_jhash(words, size, seed);
}

// A number that is the same for all packets of a flow: they stay in order in one ring.
static uint32_t
flow_hash(const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t off = 12;
	uint16_t type;

	for (unsigned int i = 0; i < 3; i++, off += 4) {
		if (off + 2 > m->data_len)
			return 0;
		type = p[off] << 8 | p[off + 1];
		if (type != RTE_ETHER_TYPE_VLAN && type != RTE_ETHER_TYPE_QINQ)
			break;
	}
	off += 2;
	if (type == RTE_ETHER_TYPE_IPV4 && off + 24 <= m->data_len) {
		bool whole = (p[off + 6] & 0x3f) == 0 && p[off + 7] == 0 && (p[off] & 0xf) == 5;

		// The addresses, and the ports where every packet of the flow has them.
		return hash_bytes(p + off + 12, whole ? 12 : 8, p[off + 9]);
	}
	if (type == RTE_ETHER_TYPE_IPV6 && off + 44 <= m->data_len) {
		bool direct = p[off + 6] == IPPROTO_TCP || p[off + 6] == IPPROTO_UDP;

		return hash_bytes(p + off + 8, direct ? 36 : 32, 0);
	}
	return hash_bytes(p, 12, type);
}

// The enabled ring pair for a hash.
static uint16_t
pick_pair(uint32_t enabled, uint32_t hash)
{
	uint32_t skip = hash % (uint32_t)__builtin_popcount(enabled);

	while (skip--)
		enabled &= enabled - 1;
	return (uint16_t)__builtin_ctz(enabled);
}

// Frees frames. A frame of one segment with one user is freed without access to its second cache line.
static void
free_frames(struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mempool *pool = pkts[0]->pool;
	struct rte_mbuf *plain[WEFT_VEC_SIZE];
	uint16_t n_plain = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (likely(rte_mbuf_refcnt_read(m) == 1 && m->nb_segs == 1 && RTE_MBUF_DIRECT(m) && m->pool == pool))
			plain[n_plain++] = m;
		else
			rte_pktmbuf_free(m);
	}
	if (likely(n_plain))
		rte_mempool_put_bulk(pool, (void **)plain, n_plain);
}

// Writes to one ring. Returns how many frames the guest got; they stand first in PKTS. A frame that is longer than the
// guest's buffers does not hold up the others: it is moved to the end of PKTS, among those that the guest did not get.
static uint16_t
tx_one(struct vhost_ring *ring, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent = ring->ops->enqueue(ring, pkts, n), last = n;

	while (unlikely(sent < last && ring->misfit)) {
		struct rte_mbuf *m = pkts[sent];

		memmove(&pkts[sent], &pkts[sent + 1], (n - sent - 1u) * sizeof(*pkts));
		pkts[n - 1] = m;
		ring->misfit = false;
		ring->misfits++;
		sent += ring->ops->enqueue(ring, pkts + sent, --last - sent);
	}
	return sent;
}

// Writes to several rings, by flow. Likewise.
static uint16_t
tx_many(struct vhost_port *port, uint32_t enabled, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *sorted[WEFT_MAX_QUEUE_PAIRS][WEFT_VEC_SIZE], *left[WEFT_VEC_SIZE];
	uint16_t count[WEFT_MAX_QUEUE_PAIRS] = { 0 }, done[WEFT_MAX_QUEUE_PAIRS], sent = 0, n_left = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint16_t pair = pick_pair(enabled, flow_hash(pkts[i]));

		sorted[pair][count[pair]++] = pkts[i];
	}
	for (uint16_t pair = 0; pair < WEFT_MAX_QUEUE_PAIRS; pair++)
		done[pair] = count[pair] ? tx_one(TO_GUEST(port, pair), sorted[pair], count[pair]) : 0;
	// No ring is touched from here on.
	for (uint16_t pair = 0; pair < WEFT_MAX_QUEUE_PAIRS; pair++) {
		for (uint16_t i = 0; i < done[pair]; i++)
			pkts[sent++] = sorted[pair][i];
		for (uint16_t i = done[pair]; i < count[pair]; i++)
			left[n_left++] = sorted[pair][i];
	}
	for (uint16_t i = 0; i < n_left; i++)
		pkts[sent + i] = left[i];
	return sent;
}

static __rte_noinline uint16_t
write_rings(struct vhost_port *port, uint32_t enabled, struct rte_mbuf **pkts, uint16_t n)
{
	if (unlikely((enabled & (enabled - 1)) != 0))
		return tx_many(port, enabled, pkts, n);
	return tx_one(TO_GUEST(port, __builtin_ctz(enabled)), pkts, n);
}

// Where a touch of the guest's memory faults, no frame counts as taken: none is freed, and PKTS holds each of them, before
// all rings are written.
uint16_t
vhost_tx(struct weft_portio *io, uint16_t worker __rte_unused, struct rte_mbuf **pkts, uint16_t n)
{
	struct vhost_port *port = io->priv;
	struct vhost_guard guard;
	uint32_t enabled;
	uint16_t sent;

	if (unlikely(!atomic_load_explicit(&port->running, memory_order_acquire)))
		return 0;
	// Not before: which rings run may change while they are suspended.
	enabled = atomic_load_explicit(&port->to_guest, memory_order_relaxed);
	if (unlikely(enabled == 0))
		return 0;
	if (likely(vhost_guard_enter(&guard, port)))
		sent = write_rings(port, enabled, pkts, n);
	else
		sent = 0;
	vhost_guard_leave();
	if (likely(sent))
		free_frames(pkts, sent);
	return sent;
}

// Interrupts the guest for the first or the second rings of the pairs ENABLED. False: an interrupt blocked. A front end that makes
// one block could do so with each of its rings.
static bool
notify_some(struct vhost_port *port, uint32_t enabled, unsigned int which)
{
	for (; enabled; enabled &= enabled - 1) {
		struct vhost_ring *ring = &port->rings[2 * __builtin_ctz(enabled) + which];

		if (!ring->pending)
			continue;
		ring->ops->notify(ring);
		if (unlikely(atomic_load_explicit(&ring->fault, memory_order_relaxed) == VHOST_FAULT_CALL)) {
			vhost_guard_stop(port, VHOST_FAULT_CALL);
			return false;
		}
	}
	return true;
}

// A ring that does not run may still have an interrupt to come, and its memory may be gone.
static __rte_noinline void
notify_rings(struct vhost_port *port)
{
	if (notify_some(port, atomic_load_explicit(&port->to_guest, memory_order_relaxed), 0))
		notify_some(port, atomic_load_explicit(&port->from_guest, memory_order_relaxed), 1);
}

void
vhost_notify_guest(struct weft_portio *io)
{
	struct vhost_port *port = io->priv;
	struct vhost_guard guard;

	if (unlikely(!atomic_load_explicit(&port->running, memory_order_acquire)))
		return;
	if (likely(vhost_guard_enter(&guard, port)))
		notify_rings(port);
	vhost_guard_leave();
}
