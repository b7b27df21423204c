// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The rings of a guest: the one place that moves packets in and out of its memory. On the library's calls.
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_jhash.h>
#include <rte_vhost.h>

#include "vhost.h"

// Seen from the guest, as virtio numbers them: receive rings are even, transmit rings are odd.
#define TO_GUEST(pair)	 ((uint16_t)((pair)*2))
#define FROM_GUEST(pair) ((uint16_t)((pair)*2 + 1))

// The rings are polled: a guest need not kick those that are new since the last look.
static void
silence(struct vhost_port *port, int vid, uint32_t enabled)
{
	for (uint32_t fresh = enabled & ~port->silent; fresh; fresh &= fresh - 1)
		rte_vhost_enable_guest_notification(vid, FROM_GUEST(__builtin_ctz(fresh)), 0);
	port->silent = enabled;
}

uint16_t
vhost_rx(struct weft_portio *io, uint16_t worker __rte_unused, struct rte_mbuf **pkts, uint16_t n)
{
	struct vhost_port *port = io->priv;
	int vid = atomic_load_explicit(&port->vid, memory_order_acquire);
	uint32_t enabled = atomic_load_explicit(&port->from_guest, memory_order_relaxed);
	uint64_t served = atomic_load_explicit(&port->connects, memory_order_relaxed);
	uint16_t got = 0;

	if (vid < 0)
		return 0;
	if (unlikely(served != port->served)) {
		port->served = served;
		port->silent = 0;
	}
	if (unlikely(enabled != port->silent))
		silence(port, vid, enabled);
	if (likely(enabled == 1))
		return rte_vhost_dequeue_burst(vid, FROM_GUEST(0), io->pool, pkts, n);
	// Each pair in turn, beginning with another one each time.
	for (uint16_t i = 0; i < WEFT_MAX_QUEUE_PAIRS && enabled && got < n; i++) {
		uint16_t pair = port->next_queue++ % WEFT_MAX_QUEUE_PAIRS;

		if (enabled & 1u << pair)
			got += rte_vhost_dequeue_burst(vid, FROM_GUEST(pair), io->pool, pkts + got, n - got);
	}
	return got;
}

// Headers lie at any address; the hash wants words.
static uint32_t
hash_bytes(const uint8_t *p, uint32_t size, uint32_t seed)
{
	uint32_t words[9];

	memcpy(words, p, size);
	return rte_jhash(words, size, seed);
}

// A number that is the same for all packets of a flow, so that they stay in order in one ring.
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

		// Addresses, and ports where all packets of the flow have them.
		return hash_bytes(p + off + 12, whole ? 12 : 8, p[off + 9]);
	}
	if (type == RTE_ETHER_TYPE_IPV6 && off + 44 <= m->data_len) {
		bool direct = p[off + 6] == IPPROTO_TCP || p[off + 6] == IPPROTO_UDP;

		return hash_bytes(p + off + 8, direct ? 36 : 32, 0);
	}
	return hash_bytes(p, 12, type);
}

// The ring pair for a hash, among the enabled ones.
static uint16_t
pick_pair(uint32_t enabled, uint32_t hash)
{
	uint32_t skip = hash % (uint32_t)__builtin_popcount(enabled);

	while (skip--)
		enabled &= enabled - 1;
	return (uint16_t)__builtin_ctz(enabled);
}

// One ring: in bursts, as the library takes no more at a time. Frees what the guest got.
static uint16_t
tx_one(int vid, uint16_t pair, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent = 0, want, done;

	do {
		want = RTE_MIN(n - sent, WEFT_BURST);
		done = rte_vhost_enqueue_burst(vid, TO_GUEST(pair), pkts + sent, want);
		sent += done;
	} while (done == want && sent < n);
	if (likely(sent))
		rte_pktmbuf_free_bulk(pkts, sent);
	return sent;
}

// Several rings: sorts by flow. Leaves the packets that no ring took at the end of PKTS.
static uint16_t
tx_many(int vid, uint32_t enabled, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *sorted[WEFT_MAX_QUEUE_PAIRS][WEFT_VEC_SIZE], *left[WEFT_VEC_SIZE];
	uint16_t count[WEFT_MAX_QUEUE_PAIRS] = { 0 }, sent = 0, n_left = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint16_t pair = pick_pair(enabled, flow_hash(pkts[i]));

		sorted[pair][count[pair]++] = pkts[i];
	}
	for (uint16_t pair = 0; pair < WEFT_MAX_QUEUE_PAIRS; pair++) {
		uint16_t done = count[pair] ? tx_one(vid, pair, sorted[pair], count[pair]) : 0;

		sent += done;
		for (uint16_t i = done; i < count[pair]; i++)
			left[n_left++] = sorted[pair][i];
	}
	for (uint16_t i = 0; i < n_left; i++)
		pkts[sent + i] = left[i];
	return sent;
}

uint16_t
vhost_tx(struct weft_portio *io, uint16_t worker __rte_unused, struct rte_mbuf **pkts, uint16_t n)
{
	struct vhost_port *port = io->priv;
	int vid = atomic_load_explicit(&port->vid, memory_order_acquire);
	uint32_t enabled = atomic_load_explicit(&port->to_guest, memory_order_relaxed);

	if (unlikely(vid < 0 || enabled == 0))
		return 0;
	if (unlikely((enabled & (enabled - 1)) != 0))
		return tx_many(vid, enabled, pkts, n);
	return tx_one(vid, __builtin_ctz(enabled), pkts, n);
}
