// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Opens connections. The rules of both ends judge the first packet, once for all that follow. All limits on
// connections are checked here.
#include "new_connection.h"

#include "pipeline/tables/account.h"
#include "pipeline/tables/sessions.h"
#include "weft/rule_log.h"
#include "weft/explain.h"
#include "weft/packet_rate.h"
#include "weft/worker.h"

#include "flow.h"
#include "icmp.h"
#include "judge.h"
#include "reject.h"
#include "track_tcp.h"

static void
add_to_log(struct weft_worker *worker, const struct weft_vec *vec, const struct weft_lane *lane,
	const struct flow *flow, const struct weft_rule_conf *rule)
{
	struct weft_rule_log *log = worker->firewall.rule_log;
	uint32_t head = log ? atomic_load_explicit(&log->head, memory_order_relaxed) : 0;
	uint64_t next = log ? weft_rate_next(&worker->firewall.log_rate, log->spent, vec->now) : 0;
	const uint8_t *l4 = lane->flags & WEFT_LANE_L4
				    ? rte_pktmbuf_mtod(vec->pkts[lane - vec->lanes], const uint8_t *) + lane->l4_off
				    : NULL;
	struct weft_rule_log_entry *entry;

	if (log == NULL)
		return;
	if (next == 0 || head - atomic_load_explicit(&log->tail, memory_order_acquire) == WEFT_RULE_LOG_SIZE) {
		log->lost++;
		return;
	}
	log->spent = next;
	entry = &log->entry[head % WEFT_RULE_LOG_SIZE];
	*entry = (struct weft_rule_log_entry){ .port = { lane->in, lane->out },
		.counter = rule->counter,
		.proto = flow->proto,
		.v6 = flow->v6,
		.action = rule->action,
		.l4 = { l4 ? (uint16_t)(l4[0] << 8 | l4[1]) : 0, flow->service } };
	memcpy(entry->addr[0], flow->src, flow->v6 ? 16 : 4);
	memcpy(entry->addr[1], flow->dst, flow->v6 ? 16 : 4);
	atomic_store_explicit(&log->head, head + 1, memory_order_release);
}

static void
log_rules(struct weft_worker *worker, const struct weft_vec *vec, const struct weft_lane *lane, const struct flow *flow,
	const struct judgement *j)
{
	for (unsigned int end = 0; end < 2; end++)
		if (j->rule[end] && j->rule[end]->log)
			add_to_log(worker, vec, lane, flow, j->rule[end]);
}

// Whether a packet can be the first of a connection: returns -1, or the drop reason.
static int
may_open(const struct weft_domain *domain, const struct weft_lane *lane, const struct rte_mbuf *m)
{
	const uint8_t *l4 = weft_flow_l4(lane, m);
	int bad = -1;
	uint8_t query;

	if (lane->proto == IPPROTO_TCP) {
		uint8_t flags = l4[13];

		bad = weft_track_tcp_flags(flags & 0x3f);
		if (bad < 0 && (flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN &&
			(!domain->pickup || flags & (TCP_SYN | TCP_RST)))
			bad = WEFT_DROP_FW_STATE;
	} else if (lane->proto == IPPROTO_ICMP || lane->proto == IPPROTO_ICMPV6) {
		if (weft_icmp_kind(lane->flags & WEFT_LANE_IPV6, l4[0], &query) != ICMP_QUERY)
			bad = WEFT_DROP_FW_STATE;
	}
	return bad;
}

// The port against whose limits a new connection counts: the sender, or the receiver if the sender is beyond an
// uplink.
static inline uint16_t
account_of(const struct flow *flow)
{
	return flow->from ? flow->from : flow->to;
}

// Whether the port may have one more connection: returns -1, or the drop reason.
static int
has_room(const struct weft_worker *worker, const struct flow *flow)
{
	const struct weft_sessions *t = worker->firewall.sessions;
	const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, account_of(flow));
	uint32_t n, n_half, n_frags;

	weft_account_counts(t, account_of(flow), &n, &n_half, &n_frags);
	if (n >= (port->max_sessions ? port->max_sessions : t->size / 4))
		return WEFT_DROP_FW_PORT_SESSIONS;
	if (n_half >= (port->max_half ? port->max_half : t->size / 64))
		return WEFT_DROP_FW_PORT_HALF_OPEN;
	return -1;
}

static bool
may_be_stateless(const struct weft_worker *worker, uint16_t slot)
{
	const struct weft_policy *policy = weft_snapshot_slot(worker->snap, slot)->policy;

	return policy && policy->has_stateless;
}

// Whether a connection may be opened now: returns -1 and charges the port's rate, or returns the drop reason.
static int
within_limits(struct weft_worker *worker, const struct weft_vec *vec, const struct flow *flow)
{
	struct weft_port_sessions *spent = &worker->firewall.sessions->port[account_of(flow)];
	const struct weft_rate *rate = &weft_snapshot_slot(worker->snap, account_of(flow))->new_sessions;
	int bad = has_room(worker, flow);
	uint64_t next;

	if (worker->fenced && (weft_snapshot_slot(worker->snap, flow->from)->fence_new ||
				      weft_snapshot_slot(worker->snap, flow->to)->fence_new))
		return WEFT_DROP_FW_ISOLATED;
	if (bad >= 0 || rate->cost == 0)
		return bad;
	next = weft_rate_next(rate, spent->spent, vec->now);
	if (next == 0)
		return WEFT_DROP_FW_PORT_RATE;
	if (!vec->dry_run)
		spent->spent = next;
	return -1;
}

static uint32_t
make_record(struct weft_sessions *t, const struct weft_session_key *key, uint64_t hash)
{
	uint32_t record = weft_sessions_insert(t, key, hash);

	while (record == 0 && weft_sessions_evict(t)) {
		record = weft_sessions_insert(t, key, hash);
		// There is a free record now: if it could not be entered, its buckets are full.
		if (record == 0 && t->n_free)
			break;
	}
	return record;
}

static void
begin(struct weft_worker *worker, const struct weft_lane *lane, const struct rte_mbuf *m, const struct flow *flow,
	struct weft_session *s, unsigned int e)
{
	struct weft_sessions *t = worker->firewall.sessions;
	const struct weft_domain *domain = weft_snapshot_domain(worker->snap, lane->domain);

	if (flow->v6) {
		memcpy(s->addr6[e], flow->src, 16);
		memcpy(s->addr6[!e], flow->dst, 16);
	}
	s->flags = (e ? WEFT_SESSION_BY_END1 : 0) | (domain->liberal ? WEFT_SESSION_LIBERAL : 0);
	s->seen = s->since = worker->clock;
	s->account = account_of(flow);
	if (lane->proto == IPPROTO_TCP) {
		const struct tcp_segment seg = tcp_read(weft_flow_l4(lane, m), lane);

		weft_track_tcp_open(s, e, &seg, weft_flow_l4(lane, m));
	} else if (lane->proto == IPPROTO_UDP) {
		s->state = WEFT_SESSION_UDP_SINGLE;
	} else if (lane->proto == IPPROTO_ICMP || lane->proto == IPPROTO_ICMPV6) {
		s->state = WEFT_SESSION_ECHO;
	} else {
		s->state = WEFT_SESSION_OTHER_SINGLE;
	}
	s->packets = 1;
	s->bytes = m->pkt_len;
	t->port[s->account].n++;
	t->port[s->account].n_half += weft_session_is_half(s->state);
	if (weft_session_is_half(s->state))
		weft_sessions_may_evict(t, (uint32_t)(s - t->rec));
	t->opened++;
}

// Counts and logs a denial, and tells the sender if the rule rejects.
static void
deny(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, const struct flow *flow,
	const struct judgement *j)
{
	struct judgement decided = *j;

	// The rule of the sender allowed it in vain: it does not count.
	if (j->rule[1])
		decided.rule[0] = NULL;
	weft_judge_count(worker, &decided, vec->pkts[i]->pkt_len);
	log_rules(worker, vec, &vec->lanes[i], flow, &decided);
	if (j->reject)
		weft_reject(worker, vec, &vec->lanes[i], vec->pkts[i]);
}

static int
enter(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, const struct flow *flow,
	const struct judgement *j, const struct weft_session_key *key, uint64_t hash, unsigned int e)
{
	struct weft_sessions *t = worker->firewall.sessions;
	uint32_t record = make_record(t, key, hash);
	struct weft_session *s = &t->rec[record];

	if (record == 0)
		return WEFT_DROP_FW_TABLE_FULL;
	begin(worker, &vec->lanes[i], vec->pkts[i], flow, s, e);
	for (unsigned int end = 0; end < 2; end++) {
		s->counter[end] = j->rule[end] ? j->rule[end]->counter : WEFT_COUNTER_NONE;
		t->rule[s->counter[end]].connections++;
		t->rule[s->counter[end]].last = worker->clock;
	}
	s->judged = (uint32_t)worker->snap->version;
	log_rules(worker, vec, &vec->lanes[i], flow, j);
	return -1;
}

int
weft_connection_open(struct weft_worker *worker, struct weft_vec *vec, unsigned int i,
	const struct weft_session_key *key, uint64_t hash, unsigned int e)
{
	const struct weft_lane *lane = &vec->lanes[i];
	const struct flow flow = weft_flow_of(worker, lane, vec->pkts[i]);
	const struct weft_domain *domain = weft_snapshot_domain(worker->snap, lane->domain);
	struct judgement j;
	int bad = may_open(domain, lane, vec->pkts[i]);

	if (vec->explain)
		weft_explain_add(vec->explain, WEFT_STAGE_firewall, "no connection yet");
	// Rules are not looked up for a port that has reached its limits, unless they may need no connection.
	if (!may_be_stateless(worker, flow.from) && !may_be_stateless(worker, flow.to)) {
		if (bad < 0)
			bad = has_room(worker, &flow);
		if (bad >= 0)
			return bad;
	}
	weft_judge(worker->snap, &flow, &j);
	if (vec->explain)
		weft_judge_explain(vec->explain, &j);
	// A stateless rule allows packets that could not open a connection.
	if (bad >= 0 && !(j.reason < 0 && j.stateless && bad == WEFT_DROP_FW_STATE))
		return bad;
	if (j.reason >= 0) {
		if (!vec->dry_run)
			deny(worker, vec, i, &flow, &j);
		return j.reason;
	}
	if (j.stateless) {
		if (!vec->dry_run)
			weft_judge_count(worker, &j, vec->pkts[i]->pkt_len);
		return -1;
	}
	bad = within_limits(worker, vec, &flow);
	if (bad >= 0 || vec->dry_run)
		return bad;
	return enter(worker, vec, i, &flow, &j, key, hash, e);
}
