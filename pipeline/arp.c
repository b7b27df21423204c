// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// ARP in networks that span hosts (RFC 826): a question about an address that the policy knows is answered here, and no
// other host hears of it.
#include "arp.h"
#include "stages.h"

bool
weft_arp_answer(struct weft_worker *worker, struct weft_vec *vec, unsigned int i)
{
	const struct weft_mactab *tab = &worker->snap->static_macs;
	const struct weft_lane *lane = &vec->lanes[i];
	struct rte_mbuf *m = vec->pkts[i];
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *arp = frame + lane->l3_off;
	const struct weft_mac_entry *entry;
	rte_be32_t target;
	uint64_t key;

	if (!(lane->flags & WEFT_LANE_ARP) || lane->outer || arp[ARP_OPERATION + 1] != RTE_ARP_OP_REQUEST ||
		!weft_snapshot_domain(worker->snap, lane->domain)->tunnel)
		return false;
	memcpy(&target, arp + ARP_TARGET_IP, sizeof(target));
	key = weft_arp_key(lane->domain, target);
	entry = weft_mactab_find(tab, key, weft_mactab_hash(tab, key));
	// Who asks for its own address tells the others of it.
	if (entry == NULL || entry->port == lane->in)
		return false;
	if (vec->explain)
		weft_explain_add(vec->explain, "flood", "ARP, answered here: it is behind %s",
			weft_snapshot_slot(worker->snap, entry->port)->name);
	if (!vec->dry_run)
		arp_answer(frame, arp, weft_arp_mac(entry));
	weft_emit(worker, vec, lane, lane->in, m);
	return true;
}
