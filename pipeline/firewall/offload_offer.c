// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Which connections hardware may carry: plain ones, between two ports that only forward, of which nothing has to be
// looked at any more but who may still send.
#include "offload_offer.h"

#include "pipeline/send/port.h"
#include "pipeline/tables/destination.h"
#include "pipeline/tables/sessions.h"
#include "weft/fdb.h"
#include "weft/offload.h"
#include "weft/worker.h"

#include "flow.h"

static bool
is_settled(const struct weft_session *s)
{
	// Windows are followed in software only.
	return s->state == WEFT_SESSION_UDP_STREAM ||
	       (s->state == WEFT_SESSION_ESTABLISHED && s->flags & WEFT_SESSION_LIBERAL);
}

// Frames of the port are as they are on its wire, and nothing is counted, marked, or held back.
static bool
is_plain(const struct weft_snapshot *snap, uint16_t slot, const struct weft_port_conf *port)
{
	return port->up && !port->peer && !port->plan && !port->bucket && !port->mark && !port->fence_all &&
	       !port->fence_new && !(snap->link && slot == snap->uplink) &&
	       (port->tagging == WEFT_TAG_ACCESS || port->tagging == WEFT_TAG_UPLINK);
}

// Whether the policy, where it names the address KEY, has it behind SLOT.
static bool
is_behind(const struct weft_snapshot *snap, uint64_t key, uint16_t slot)
{
	const struct weft_mactab *fixed = &snap->static_macs;
	const struct weft_mac_entry *entry = weft_mactab_find(fixed, key, weft_mactab_hash(fixed, key));

	return entry == NULL || entry->port == slot;
}

bool
weft_offer_stands(const struct weft_snapshot *snap, const struct weft_offer *offer)
{
	const struct weft_port_conf *in = weft_snapshot_slot(snap, offer->in),
				    *out = weft_snapshot_slot(snap, offer->out);
	const struct weft_domain *domain = weft_snapshot_domain(snap, offer->key.domain);

	return in->gen == offer->gen[0] && out->gen == offer->gen[1] && is_plain(snap, offer->in, in) &&
	       is_plain(snap, offer->out, out) && is_behind(snap, offer->src, offer->in) &&
	       is_behind(snap, offer->dst, offer->out) &&
	       weft_flow_rules_age(snap, in, out, domain) >= weft_flow_age(snap, offer->judged);
}

bool
weft_offer_holds(struct weft_worker *worker, const struct weft_offer *offer, uint64_t packets, uint64_t bytes)
{
	struct weft_sessions *t = worker->sessions;
	struct weft_session *s = &t->rec[offer->record];

	if (!is_settled(s) || !weft_sessions_same_key(&s->key, &offer->key) ||
		!weft_offer_stands(worker->snap, offer) ||
		weft_destination_find(worker, offer->dst, weft_mactab_hash(&worker->fdb->tab, offer->dst)) !=
			offer->out)
		return false;
	if (packets == 0)
		return true;
	s->seen = worker->clock;
	weft_sessions_settle(t, s);
	// What a second carries fits, but for the fastest links' bytes.
	for (; bytes > INT32_MAX; bytes -= INT32_MAX) {
		s->bytes = INT32_MAX;
		weft_sessions_settle(t, s);
	}
	s->packets = (uint32_t)packets;
	s->bytes = (uint32_t)bytes;
	weft_sessions_settle(t, s);
	return true;
}

static void
write_addresses(const struct weft_lane *lane, const struct rte_mbuf *m, struct weft_offer *offer)
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
	const struct weft_session *s = &worker->sessions->rec[record];
	struct weft_offers *ring = worker->offers;
	struct weft_offer *offer;
	uint32_t head;

	if (record == 0 || (s->all_packets + s->packets) % WEFT_OFFER_PACKETS || !is_settled(s))
		return;
	// As it stands on the wire: no tunnel, no tag but the domain's, no fragment, no header between IP and L4.
	if (lane->outer || lane->n_tags != lane->strip || lane->flags & WEFT_LANE_FRAGMENT ||
		!(lane->flags & WEFT_LANE_PORTS) || lane->out == WEFT_PORT_NONE)
		return;
	// RECORD is where it was looked for: it may be another's.
	if (!weft_sessions_same_key(&s->key, key) || lane->l4_off - lane->l3_off != (key->family == 6 ? 40 : 20))
		return;
	head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) == WEFT_OFFERS) {
		ring->lost++;
		return;
	}
	offer = &ring->offer[head % WEFT_OFFERS];
	*offer = (struct weft_offer){
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
