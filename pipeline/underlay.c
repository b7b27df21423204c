// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// ARP for the address at which tunnels end (RFC 826): answers for it, and knows the next hops to other hosts.

#include <rte_ether.h>

#include "arp.h"
#include "stages.h"

#define REFRESH_S 30  // ask again for what was heard so long ago
#define FORGET_S  120 // and give up after so long

static void
learn(struct weft_worker *worker, const struct weft_underlay *underlay, rte_be32_t address, uint64_t mac)
{
	for (uint32_t i = 0; i < underlay->n_peers; i++) {
		struct weft_neighbour *neighbour = &worker->neighbour[underlay->peer[i]];
		const struct weft_peer *peer = weft_snapshot_slot(worker->snap, underlay->peer[i])->peer;

		if (peer == NULL || peer->hop != address)
			continue;
		atomic_store_explicit(&neighbour->mac, mac, memory_order_relaxed);
		atomic_store_explicit(&neighbour->heard, worker->clock, memory_order_relaxed);
		atomic_store_explicit(&neighbour->hop, address, memory_order_release);
	}
}

// Writes to FRAME the question who has TARGET, from the host with MAC and SOURCE.
static void
write_question(uint8_t *frame, uint64_t mac, rte_be32_t source, rte_be32_t target)
{
	uint8_t *arp = frame + RTE_ETHER_HDR_LEN;
	const uint8_t fixed[] = { 0, 1, 8, 0, 6, 4, 0, RTE_ARP_OP_REQUEST };

	write_mac(frame, UINT64_C(0xffffffffffff));
	write_mac(frame + RTE_ETHER_ADDR_LEN, mac);
	frame[12] = RTE_ETHER_TYPE_ARP >> 8;
	frame[13] = RTE_ETHER_TYPE_ARP & 0xff;
	memcpy(arp, fixed, sizeof(fixed));
	write_mac(arp + ARP_SENDER_MAC, mac);
	memcpy(arp + ARP_SENDER_IP, &source, sizeof(source));
	write_mac(arp + ARP_TARGET_MAC, 0);
	memcpy(arp + ARP_TARGET_IP, &target, sizeof(target));
}

bool
weft_underlay_arp(struct weft_worker *worker, struct weft_vec *vec, unsigned int i)
{
	const struct weft_lane *lane = &vec->lanes[i];
	const struct weft_underlay *underlay = weft_snapshot_slot(worker->snap, lane->in)->underlay;
	struct rte_mbuf *m = vec->pkts[i];
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *arp = frame + lane->l3_off;
	uint64_t own = atomic_load_explicit(&worker->mac[lane->in], memory_order_relaxed), mac;
	rte_be32_t sender, target;

	memcpy(&sender, arp + ARP_SENDER_IP, sizeof(sender));
	memcpy(&target, arp + ARP_TARGET_IP, sizeof(target));
	mac = read_mac(arp + ARP_SENDER_MAC);
	if (lane->n_tags || mac != lane->src || sender == underlay->address)
		return false;
	// From anybody, asked or not: a next hop that has another MAC now says so.
	if (!vec->dry_run)
		learn(worker, underlay, sender, mac);
	if (target != underlay->address)
		return false;
	if (vec->explain)
		weft_explain_add(vec->explain, "tunnel", "ARP for this host's tunnel address");
	if (vec->dry_run || arp[ARP_OPERATION + 1] != RTE_ARP_OP_REQUEST) {
		weft_drop(worker, vec, UINT64_C(1) << i, WEFT_DROP_UNDERLAY_ARP);
		return true;
	}
	arp_answer(frame, arp, own);
	weft_emit(worker, vec, &(struct weft_lane){ .l3_off = lane->l3_off }, lane->in, m);
	return true;
}

static void
ask(struct weft_worker *worker, const struct weft_underlay *underlay, uint16_t uplink, rte_be32_t hop)
{
	uint64_t own = atomic_load_explicit(&worker->mac[uplink], memory_order_relaxed);
	struct rte_mbuf *m = rte_pktmbuf_alloc(worker->pool);
	uint8_t *frame = m ? (uint8_t *)rte_pktmbuf_append(m, RTE_ETHER_HDR_LEN + sizeof(struct rte_arp_hdr)) : NULL;

	if (frame == NULL) {
		rte_pktmbuf_free(m);
		return;
	}
	write_question(frame, own, underlay->address, hop);
	m->port = uplink;
	worker->stats[uplink].created++;
	weft_out_port(worker, uplink, m);
}

void
weft_underlay_sweep(struct weft_worker *worker)
{
	const struct weft_snapshot *snap = worker->snap;
	const struct weft_port_conf *port = weft_snapshot_slot(snap, snap->underlay);
	rte_be32_t asked = 0;

	if (port->underlay == NULL || !(port->owner == worker->id || (port->owner == WEFT_OWNER_EACH && !worker->id)))
		return;
	for (uint32_t i = 0; i < port->underlay->n_peers; i++) {
		uint16_t slot = port->underlay->peer[i];
		const struct weft_peer *peer = weft_snapshot_slot(snap, slot)->peer;
		struct weft_neighbour *neighbour = &worker->neighbour[slot];
		uint32_t age = worker->clock - atomic_load_explicit(&neighbour->heard, memory_order_relaxed);
		bool known = peer && weft_neighbour_mac(neighbour, peer->hop);

		if (peer == NULL || peer->hop == 0 || (known && age < REFRESH_S))
			continue;
		if (known && age >= FORGET_S)
			atomic_store_explicit(&neighbour->mac, 0, memory_order_relaxed);
		if (peer->hop != asked)
			ask(worker, port->underlay, snap->underlay, peer->hop);
		asked = peer->hop;
	}
}
