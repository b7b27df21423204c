// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Judges connections by the sender's rules for outgoing, and the receiver's rules for incoming connections. If an
// end is on another host, the weft there judges it.
#include "judge.h"

#include <netinet/in.h>

#include <rte_byteorder.h>

#include "pipeline/tables/sessions.h"
#include "weft/explain.h"
#include "weft/packet_rate.h"
#include "weft/worker.h"

#include "flow.h"
#include "role.h"

// What the role dhcp-server lets in without a rule.
static const struct weft_rule_conf dhcp = { .name = "role dhcp-server", .action = WEFT_ALLOW };

// Whether the packet comes from a DHCP server to its clients, or goes to one. The guard lets nobody send what only servers say
// who has not the role.
static bool
is_dhcp(const struct weft_snapshot *snap, const struct flow *flow)
{
	const struct weft_port_conf *to = weft_snapshot_slot(snap, flow->to);

	if (flow->proto != IPPROTO_UDP)
		return false;
	if (flow->service == (flow->v6 ? DHCPV6_CLIENT : DHCP_CLIENT))
		return flow->checked;
	return flow->service == (flow->v6 ? DHCPV6_SERVER : DHCP_SERVER) && !(to->lacks & WEFT_ROLE_DHCP_SERVER);
}

const struct weft_rule_conf *
weft_judge_end(const struct weft_snapshot *snap, const struct flow *flow, bool out)
{
	const struct weft_policy *policy = weft_snapshot_slot(snap, out ? flow->from : flow->to)->policy;
	const struct weft_ruleset *rules;
	struct weft_query query = {
		.remote = out ? flow->dst : flow->src, .v6 = flow->v6, .protocol = flow->proto, .service = flow->service
	};

	if (policy == NULL)
		return NULL;
	if (!out && is_dhcp(snap, flow))
		return &dhcp;
	rules = out ? &policy->out : &policy->in;
	if (rules->n_groups)
		query.identity = weft_addrmap_lookup(
			&snap->addrs, weft_snapshot_domain(snap, flow->domain)->network, flow->v6, query.remote);
	return &rules->rule[weft_ruleset_match(rules, &query)];
}

void
weft_judge(const struct weft_snapshot *snap, const struct flow *flow, struct judgement *j)
{
	*j = (struct judgement){ .reason = -1, .rule = { weft_judge_end(snap, flow, true), NULL } };
	if (j->rule[0] && j->rule[0]->action != WEFT_ALLOW) {
		j->reason = WEFT_DROP_FW_EGRESS;
		j->reject = j->rule[0]->action == WEFT_REJECT;
		return;
	}
	j->rule[1] = weft_judge_end(snap, flow, false);
	if (j->rule[1] && j->rule[1]->action != WEFT_ALLOW) {
		j->reason = WEFT_DROP_FW_INGRESS;
		j->reject = j->rule[1]->action == WEFT_REJECT;
		return;
	}
	j->stateless = (j->rule[0] && j->rule[0]->stateless) || (j->rule[1] && j->rule[1]->stateless);
}

void
weft_judge_count(struct weft_worker *worker, const struct judgement *j, uint32_t bytes)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct weft_rule_stats *stats =
			j->rule[i] ? &worker->firewall.sessions->rule[j->rule[i]->counter] : NULL;

		if (stats == NULL)
			continue;
		stats->packets++;
		stats->bytes += bytes;
		stats->last = worker->clock;
	}
}

int
weft_judge_by_rule(struct weft_worker *worker, const struct weft_vec *vec, const struct weft_rule_conf *rule,
	const struct rte_mbuf *m, bool out)
{
	struct judgement j = { .reason = -1 };

	j.rule[!out] = rule;
	if (vec->explain)
		weft_judge_explain(vec->explain, &j);
	if (!vec->dry_run)
		weft_judge_count(worker, &j, m->pkt_len);
	if (rule->action == WEFT_ALLOW)
		return -1;
	return out ? WEFT_DROP_FW_EGRESS : WEFT_DROP_FW_INGRESS;
}

void
weft_judge_again(const struct weft_snapshot *snap, const struct weft_session *s, struct judgement *j)
{
	unsigned int e = s->flags & WEFT_SESSION_BY_END1;
	bool v6 = s->key.family == 6, is_icmp = s->key.proto == IPPROTO_ICMP || s->key.proto == IPPROTO_ICMPV6;
	struct flow flow = {
		.src = v6 ? s->addr6[e] : (const uint8_t *)&s->key.addr[e],
		.dst = v6 ? s->addr6[!e] : (const uint8_t *)&s->key.addr[!e],
		.v6 = v6,
		.proto = s->key.proto,
		.service = is_icmp ? (uint16_t)((s->key.l4[1] & 0xff) << 8) : rte_be_to_cpu_16(s->key.l4[!e]),
		.domain = s->key.domain,
		.from = s->key.slot[e],
		.to = s->key.slot[!e],
		.checked = s->key.slot[e] != WEFT_PORT_NONE,
	};

	weft_judge(snap, &flow, j);
}

void
weft_judge_record(struct weft_worker *worker, struct weft_session *s, const struct judgement *j)
{
	weft_sessions_settle(worker->firewall.sessions, s);
	for (unsigned int i = 0; i < 2; i++)
		s->counter[i] = j->rule[i] ? j->rule[i]->counter : WEFT_COUNTER_NONE;
	s->judged = (uint32_t)worker->snap->version;
}

static void
explain_end(struct weft_explain *explain, const struct weft_rule_conf *rule, const char *end)
{
	static const char *const verbs[] = { "allows", "denies", "rejects" };

	if (rule)
		weft_explain_add(explain, WEFT_STAGE_firewall, "%s: %s %s it", end, rule->name, verbs[rule->action]);
}

void
weft_judge_explain(struct weft_explain *explain, const struct judgement *j)
{
	explain_end(explain, j->rule[0], "out of the sender");
	explain_end(explain, j->rule[1], "into the receiver");
}
