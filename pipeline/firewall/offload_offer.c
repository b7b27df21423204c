// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Offers settled connections to hardware, each time that WEFT_OFFLOAD_OFFER_PACKETS of them have passed.
#include "offload_offer.h"

#include "pipeline/send/port.h"
#include "pipeline/tables/sessions.h"
#include "weft/offload.h"
#include "weft/worker.h"

#include "flow.h"

static void
write_addresses(const struct weft_lane *lane, const struct rte_mbuf *m, struct weft_offload_offer *offer)
{
	const uint8_t *l3 = rte_pktmbuf_mtod(m, const uint8_t *) + lane->l3_off;
	bool v6 = lane->flags & WEFT_LANE_IPV6;
	size_t size = v6 ? 16 : 4;

	memcpy(offer->addr[0], l3 + (v6 ? 8 : 12), size);
	memcpy(offer->addr[1], l3 + (v6 ? 8 : 12) + size, size);
	memcpy(offer->l4, weft_flow_l4(lane, m), sizeof(offer->l4));
}

void
weft_offload_offer(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i, uint32_t record,
	const struct weft_session_key *key, unsigned int e)
{
	const struct weft_lane *lane = &vec->lanes[i];
	const struct weft_session *s = &worker->firewall.sessions->rec[record];
	struct weft_offload_offers *ring = worker->firewall.offers;
	struct weft_offload_offer *offer;
	uint32_t head;

	if (record == 0 || (s->all_packets + s->packets) % WEFT_OFFLOAD_OFFER_PACKETS || !weft_offload_is_settled(s))
		return;
	// As it stands on the wire: no tunnel, no tag but the domain's, no fragment, no header between IP and L4.
	if (lane->outer || lane->n_tags != lane->strip || lane->strip > 1 || lane->flags & WEFT_LANE_FRAGMENT ||
		!(lane->flags & WEFT_LANE_PORTS) || lane->out == WEFT_PORT_NONE)
		return;
	// RECORD is where it was looked for: it may be another's.
	if (!weft_sessions_same_key(&s->key, key) || lane->l4_off - lane->l3_off != (key->family == 6 ? 40 : 20))
		return;
	head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) == WEFT_OFFLOAD_OFFERS) {
		ring->lost++;
		return;
	}
	offer = &ring->offer[head % WEFT_OFFLOAD_OFFERS];
	*offer = (struct weft_offload_offer){
		.key = s->key,
		.record = record,
		.judged = s->judged,
		.src = lane->src,
		.dst = lane->dst,
		.in = lane->in,
		.out = lane->out,
		.gen = { weft_snapshot_slot(worker->snap, lane->in)->gen,
			weft_snapshot_slot(worker->snap, lane->out)->gen },
		.vid = { lane->strip ? lane->tci & 0xfff : 0,
			weft_port_tag(weft_snapshot_slot(worker->snap, lane->out), worker->snap, lane->domain) },
		.end = (uint8_t)e,
	};
	write_addresses(lane, vec->pkts[i], offer);
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}
