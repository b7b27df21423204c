// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "ethertype.h"

#include <rte_ether.h>

#include "pipeline/base/arp.h"
#include "weft/link_protocol.h"

#include "judge.h"

// A station announces where it is, as hypervisors do for a VM that has moved.
static bool
announces_itself(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return lane->ethertype == RTE_ETHER_TYPE_RARP && weft_rarp_is_own(lane, m);
}

// The first rule that names the ethertype; NULL: none does.
static const struct weft_rule_conf *
find(const struct weft_ruleset *rules, uint16_t ethertype)
{
	uint32_t low = 0, high = rules->n_ether;

	while (low < high) {
		uint32_t half = (low + high) / 2;

		if (rules->ether[half].ethertype < ethertype)
			low = half + 1;
		else
			high = half;
	}
	if (low < rules->n_ether && rules->ether[low].ethertype == ethertype)
		return rules->ether[low].rule;
	return rules->ether_any;
}

int
weft_ethertype_judge(struct weft_worker *worker, const struct weft_vec *vec, const struct weft_lane *lane,
	const struct rte_mbuf *m, uint16_t slot, bool out)
{
	const struct weft_policy *policy = weft_snapshot_slot(worker->snap, slot)->policy;
	const struct weft_domain *domain = weft_snapshot_domain(worker->snap, lane->domain);
	const struct weft_rule_conf *rule;

	if (policy == NULL || domain->non_ip || announces_itself(lane, m) ||
		(weft_link_is_reserved(lane) && weft_link_is_open(lane, m, domain->link_protocols)))
		return -1;
	rule = find(out ? &policy->out : &policy->in, lane->ethertype);
	return rule ? weft_judge_by_rule(worker, vec, rule, m, out) : (int)WEFT_DROP_FW_ETHERTYPE;
}
