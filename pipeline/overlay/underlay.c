// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The tunnel address on the uplink's link: answers ARP (RFC 826) and neighbour discovery (RFC 4861) for it, and
// learns the next hops to other hosts.
#include "underlay.h"

#include <rte_ether.h>

#include "pipeline/base/arp.h"
#include "pipeline/base/bytes.h"
#include "pipeline/base/nd.h"
#include "pipeline/send/drop.h"
#include "pipeline/send/emit.h"
#include "pipeline/send/next_hop.h"
#include "weft/explain.h"
#include "weft/worker.h"

#define REFRESH_S 30  // seconds after which a next hop is asked for again
#define FORGET_S  120 // seconds after which a silent next hop is forgotten

uint16_t
weft_underlay_peer(const struct weft_snapshot *snap, const struct weft_ip *address)
{
	const struct weft_mactab *tab = &snap->static_macs;
	uint64_t key = weft_peer_key(address);
	const struct weft_mac_entry *entry = weft_mactab_find(tab, key, weft_mactab_hash(tab, key));
	const struct weft_peer *peer = entry ? weft_snapshot_slot(snap, entry->port)->peer : NULL;

	return peer && weft_ip_same(&peer->address, address) ? entry->port : WEFT_PORT_NONE;
}

static void
learn(struct weft_worker *worker, const struct weft_underlay *underlay, const struct weft_ip *address, uint64_t mac)
{
	uint32_t number = (uint32_t)weft_ip_number(address);

	for (uint32_t i = 0; i < underlay->n_peers; i++) {
		struct weft_neighbour *neighbour = &worker->overlay.neighbour[underlay->peer[i]];
		const struct weft_peer *peer = weft_snapshot_slot(worker->snap, underlay->peer[i])->peer;

		if (peer == NULL || peer->hop_number != number)
			continue;
		atomic_store_explicit(&neighbour->mac, mac, memory_order_relaxed);
		atomic_store_explicit(&neighbour->heard, worker->clock, memory_order_relaxed);
		atomic_store_explicit(&neighbour->hop, number, memory_order_release);
	}
}

// A neighbour's message: its sender, the sender's MAC address, and the target.
struct talk {
	struct weft_ip sender;
	uint64_t mac; // 0: the message does not tell it
	struct weft_ip target;
	bool asks; // it is a request for the target
};

static struct talk
listen(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	const uint8_t *arp = rte_pktmbuf_mtod_offset(m, const uint8_t *, lane->l3_off);
	struct talk talk = { .mac = 0 };
	rte_be32_t sender, target;

	if (lane->flags & WEFT_LANE_ARP) {
		memcpy(&sender, arp + ARP_SENDER_IP, sizeof(sender));
		memcpy(&target, arp + ARP_TARGET_IP, sizeof(target));
		return (struct talk){ weft_ip4(sender), read_mac(arp + ARP_SENDER_MAC), weft_ip4(target),
			arp[ARP_OPERATION + 1] == RTE_ARP_OP_REQUEST };
	}
	talk.asks = weft_nd_type(lane, m) == ND_SOLICIT;
	talk.target = weft_nd_target(lane, m);
	talk.sender = talk.asks ? weft_nd_source(lane, m) : talk.target;
	talk.mac = weft_nd_mac(lane, m);
	return talk;
}

bool
weft_underlay_concerns(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return !weft_lane_is_tagged(lane) && (lane->flags & WEFT_LANE_ARP || weft_nd_is_valid(lane, m));
}

// Whether the message is for this host: a request for its address, or an announcement to all.
static bool
is_for_us(const struct weft_lane *lane, const struct weft_underlay *underlay, const struct talk *talk)
{
	if (weft_ip_same(&talk->target, &underlay->address))
		return true;
	return lane->flags & WEFT_LANE_IPV6 ? !talk->asks : weft_ip_same(&talk->target, &talk->sender);
}

bool
weft_underlay_hear(struct weft_worker *worker, struct weft_vec *vec, unsigned int i)
{
	const struct weft_lane *lane = &vec->lanes[i];
	const struct weft_underlay *underlay = weft_snapshot_slot(worker->snap, lane->in)->underlay;
	struct rte_mbuf *m = vec->pkts[i];
	struct talk talk = listen(lane, m);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint64_t own = atomic_load_explicit(&worker->overlay.mac[lane->in], memory_order_relaxed);

	// A standby uplink is silent.
	if (lane->in != worker->snap->underlay || weft_ip_same(&talk.sender, &underlay->address) ||
		(lane->flags & WEFT_LANE_ARP && talk.mac != lane->src))
		return false;
	// Messages that were not asked for count too: a next hop announces its new MAC address.
	if (!vec->dry_run && talk.mac)
		learn(worker, underlay, &talk.sender, talk.mac);
	if (!is_for_us(lane, underlay, &talk))
		return false;
	if (vec->explain)
		weft_explain_add(vec->explain, WEFT_STAGE_tunnel, "neighbours of this host's tunnel address");
	if (vec->dry_run || !talk.asks || !weft_ip_same(&talk.target, &underlay->address) ||
		(lane->flags & WEFT_LANE_IPV6 && !weft_nd_answer(m, lane, own))) {
		weft_take(worker, vec, UINT64_C(1) << i);
		return true;
	}
	if (lane->flags & WEFT_LANE_ARP)
		weft_arp_answer(frame, frame + lane->l3_off, own);
	weft_emit_or_drop(worker, vec, &(struct weft_lane){ .l3_off = lane->l3_off }, lane->in, m);
	return true;
}

static void
ask(struct weft_worker *worker, const struct weft_underlay *underlay, uint16_t uplink, const struct weft_ip *hop)
{
	uint64_t own = atomic_load_explicit(&worker->overlay.mac[uplink], memory_order_relaxed);
	bool v4 = weft_ip_is_v4(hop);
	struct rte_mbuf *m = weft_frame_new(worker, uplink, v4 ? ARP_FRAME : ND_SOLICIT_FRAME);

	if (m == NULL)
		return;
	if (v4)
		weft_arp_write_request(
			rte_pktmbuf_mtod(m, uint8_t *), own, weft_ip_v4(&underlay->address), weft_ip_v4(hop));
	else
		weft_nd_write_solicitation(rte_pktmbuf_mtod(m, uint8_t *), own, &underlay->address, hop);
	weft_out_port(worker, uplink, m);
}

void
weft_underlay_sweep(struct weft_worker *worker)
{
	const struct weft_snapshot *snap = worker->snap;
	const struct weft_underlay *underlay = weft_underlay_of(worker);
	uint32_t asked = 0;

	if (underlay == NULL)
		return;
	// The switches and neighbours on the link learn where the address is now.
	if (worker->overlay.underlay != snap->underlay) {
		worker->overlay.underlay = snap->underlay;
		ask(worker, underlay, snap->underlay, &underlay->address);
	}
	for (uint32_t i = 0; i < underlay->n_peers; i++) {
		uint16_t slot = underlay->peer[i];
		const struct weft_peer *peer = weft_snapshot_slot(snap, slot)->peer;
		struct weft_neighbour *neighbour = &worker->overlay.neighbour[slot];
		uint32_t age = worker->clock - atomic_load_explicit(&neighbour->heard, memory_order_relaxed);
		bool known = peer && weft_next_hop_mac(neighbour, peer->hop_number);

		if (peer == NULL || peer->hop_number == 0 || (known && age < REFRESH_S))
			continue;
		if (known && age >= FORGET_S)
			atomic_store_explicit(&neighbour->mac, 0, memory_order_relaxed);
		if (peer->hop_number != asked)
			ask(worker, underlay, snap->underlay, &peer->hop);
		asked = peer->hop_number;
	}
}
