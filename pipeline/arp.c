// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// ARP in networks that span hosts (RFC 826): a question about an address that the policy knows is answered here, and no
// other host hears of it.
#include <rte_arp.h>
#include <rte_ether.h>

#include "stages.h"

#define OPERATION  6 // in the packet, from the hardware type on
#define SENDER_MAC 8
#define SENDER_IP  14
#define TARGET_MAC 18
#define TARGET_IP  24
#define ADDRESSES  20 // a MAC and an IP address, twice

static void
write_mac(uint8_t *p, uint64_t mac)
{
	for (unsigned int i = 0; i < RTE_ETHER_ADDR_LEN; i++)
		p[i] = (uint8_t)(mac >> 8 * (RTE_ETHER_ADDR_LEN - 1 - i));
}

// Makes the question FRAME, whose ARP packet is at ARP, the answer that MAC has its target.
static void
answer(uint8_t *frame, uint8_t *arp, uint64_t mac)
{
	uint8_t asked[ADDRESSES];

	memcpy(asked, arp + SENDER_MAC, sizeof(asked));
	memcpy(frame, frame + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
	write_mac(frame + RTE_ETHER_ADDR_LEN, mac);
	arp[OPERATION + 1] = RTE_ARP_OP_REPLY;
	write_mac(arp + SENDER_MAC, mac);
	memcpy(arp + SENDER_IP, asked + TARGET_IP - SENDER_MAC, sizeof(rte_be32_t));
	memcpy(arp + TARGET_MAC, asked, RTE_ETHER_ADDR_LEN + sizeof(rte_be32_t));
}

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

	if (!(lane->flags & WEFT_LANE_ARP) || lane->outer || arp[OPERATION + 1] != RTE_ARP_OP_REQUEST ||
		!weft_snapshot_domain(worker->snap, lane->domain)->tunnel)
		return false;
	memcpy(&target, arp + TARGET_IP, sizeof(target));
	key = weft_arp_key(lane->domain, target);
	entry = weft_mactab_find(tab, key, weft_mactab_hash(tab, key));
	// Who asks for its own address tells the others of it.
	if (entry == NULL || entry->port == lane->in)
		return false;
	if (vec->explain)
		weft_explain_add(vec->explain, "flood", "ARP, answered here: it is behind %s",
			weft_snapshot_slot(worker->snap, entry->port)->name);
	if (!vec->dry_run)
		answer(frame, arp, weft_arp_mac(entry));
	weft_emit(worker, vec, lane, lane->in, m);
	return true;
}
