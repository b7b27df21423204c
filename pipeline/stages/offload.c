// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Whether hardware may carry a connection: no stage, nor a plan, has anything to do for packets of its ports, and
// the policy still decides about it as it did.
#include "weft/offload.h"

#include "pipeline/firewall/flow.h"
#include "pipeline/firewall/offload_offer.h"
#include "pipeline/tables/destination.h"
#include "pipeline/tables/sessions.h"
#include "weft/stage.h"
#include "weft/worker.h"

// Whether hardware may send and receive for the port in SLOT: the workers neither shape nor change its packets.
static bool
is_carried(const struct weft_snapshot *snap, uint16_t slot)
{
	const struct weft_port_conf *port = weft_snapshot_slot(snap, slot);

	return !port->plan && !port->bucket && !weft_chain_needed(snap, slot);
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
weft_offload_is_allowed(const struct weft_snapshot *snap, const struct weft_offload_offer *offer)
{
	const struct weft_port_conf *in = weft_snapshot_slot(snap, offer->in),
				    *out = weft_snapshot_slot(snap, offer->out);
	const struct weft_domain *domain = weft_snapshot_domain(snap, offer->key.domain);

	return in->gen == offer->gen[0] && out->gen == offer->gen[1] && is_carried(snap, offer->in) &&
	       is_carried(snap, offer->out) && is_behind(snap, offer->src, offer->in) &&
	       is_behind(snap, offer->dst, offer->out) &&
	       weft_flow_rules_age(snap, in, out, domain) >= weft_flow_age(snap, offer->judged);
}

bool
weft_offload_account(
	struct weft_worker *worker, const struct weft_offload_offer *offer, uint64_t packets, uint64_t bytes)
{
	struct weft_sessions *t = worker->firewall.sessions;
	struct weft_session *s = &t->rec[offer->record];

	if (!weft_offload_is_settled(s) || !weft_sessions_same_key(&s->key, &offer->key) ||
		!weft_offload_is_allowed(worker->snap, offer) ||
		weft_destination_find(worker, offer->key.domain, offer->dst,
			weft_mactab_hash(&worker->fdb->tab, offer->dst)) != offer->out)
		return false;
	if (packets == 0)
		return true;
	s->seen = worker->clock;
	weft_sessions_settle(t, s);
	// A second's packets and bytes fit into the session's counters, except the bytes of the fastest links.
	for (; bytes > INT32_MAX; bytes -= INT32_MAX) {
		s->bytes = INT32_MAX;
		weft_sessions_settle(t, s);
	}
	s->packets = (uint32_t)packets;
	s->bytes = (uint32_t)bytes;
	weft_sessions_settle(t, s);
	return true;
}
