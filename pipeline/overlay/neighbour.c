// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Answers ARP requests (RFC 826) and neighbour solicitations (RFC 4861) in networks that span hosts, if the policy
// knows the address: so they are not flooded to other hosts.
#include "neighbour.h"

#include "pipeline/base/arp.h"
#include "pipeline/base/nd.h"
#include "pipeline/send/emit.h"
#include "weft/explain.h"
#include "weft/worker.h"

// Reads the address that is asked for. False: the frame is no request.
static bool
asked_for(const struct weft_lane *lane, const struct rte_mbuf *m, struct weft_ip *target)
{
	const uint8_t *arp = rte_pktmbuf_mtod_offset(m, const uint8_t *, lane->l3_off);
	rte_be32_t v4;

	if (lane->flags & WEFT_LANE_ARP) {
		memcpy(&v4, arp + ARP_TARGET_IP, sizeof(v4));
		*target = weft_ip4(v4);
		return arp[ARP_OPERATION + 1] == RTE_ARP_OP_REQUEST;
	}
	if (!weft_nd_is_valid(lane, m) || weft_nd_type(lane, m) != ND_SOLICIT)
		return false;
	*target = weft_nd_target(lane, m);
	return true;
}

// Turns the request in M into its reply. False: there is no room in M.
static bool
answer(struct rte_mbuf *m, const struct weft_lane *lane, uint64_t mac)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	if (!(lane->flags & WEFT_LANE_ARP))
		return weft_nd_answer(m, lane, mac);
	weft_arp_answer(frame, frame + lane->l3_off, mac);
	return true;
}

bool
weft_neighbour_answer(struct weft_worker *worker, struct weft_vec *vec, unsigned int i)
{
	const struct weft_mactab *tab = &worker->snap->static_macs;
	const struct weft_lane *lane = &vec->lanes[i];
	struct rte_mbuf *m = vec->pkts[i];
	const struct weft_mac_entry *entry;
	struct weft_ip target;
	uint64_t key;

	// In LLC/SNAP the answer would need another length.
	if (!(lane->flags & (WEFT_LANE_ARP | WEFT_LANE_IPV6)) || lane->flags & WEFT_LANE_SNAP || lane->outer ||
		!weft_snapshot_domain(worker->snap, lane->domain)->tunnel || !asked_for(lane, m, &target))
		return false;
	key = weft_owner_key(lane->domain, &target);
	entry = weft_mactab_find(tab, key, weft_mactab_hash(tab, key));
	// A station that asks for its own address announces it to the others.
	if (entry == NULL || entry->port == lane->in)
		return false;
	if (vec->explain)
		weft_explain_add(vec->explain, WEFT_STAGE_flood, "asks for an address, answered here: it is behind %s",
			weft_snapshot_slot(worker->snap, entry->port)->name);
	if (!vec->dry_run && !answer(m, lane, weft_owner_mac(entry)))
		return false;
	weft_emit_or_drop(worker, vec, lane, lane->in, m);
	return true;
}
