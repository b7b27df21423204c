// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The stateful firewall: one look-up for a packet finds its connection, which stands for what the rules of both ends
// have said. Three passes over the vector, so that buckets and records are on their way while other packets are looked
// at: keys, candidates, connections.
#include "firewall.h"

#include "frags.h"

// What the passes know of a lane.
struct scratch {
	struct weft_session_key key[WEFT_VEC_SIZE];
	uint64_t hash[WEFT_VEC_SIZE];
	uint32_t record[WEFT_VEC_SIZE];
	uint32_t stale[WEFT_VEC_SIZE]; // versions that a connection must not be older than, the newest of them
	uint8_t end[WEFT_VEC_SIZE];    // that sends
};

// A way through the switch: what holds for a packet holds for those that follow it on the same.
struct way {
	uint64_t id;	   // of its ports and domain
	bool judged;	   // some rules hold for it
	bool here;	   // its connections are this worker's
	uint16_t peer;	   // else whose they are
	uint16_t place[2]; // of the sender, of the receiver
	uint32_t stale;	   // versions that a connection must not be older than, the newest of them
};

static inline uint32_t
later(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0 ? a : b;
}

static void
learn_way(const struct weft_worker *worker, const struct weft_lane *lane, struct way *way)
{
	const struct weft_snapshot *snap = worker->snap;
	const struct weft_port_conf *in = weft_snapshot_slot(snap, lane->in),
				    *out = weft_snapshot_slot(snap, lane->out);
	const struct weft_domain *domain = weft_snapshot_domain(snap, lane->domain);
	uint16_t home;

	way->judged = in->policy || out->policy;
	way->place[0] = place_of(in, lane->in);
	way->place[1] = place_of(out, lane->out);
	home = weft_session_home(RTE_MIN(way->place[0], way->place[1]), RTE_MAX(way->place[0], way->place[1]));
	way->peer = weft_snapshot_slot(snap, home)->owner;
	// A device with a queue for every worker has its connections where they are first seen.
	way->here = way->peer == worker->id || way->peer == WEFT_OWNER_EACH;
	way->stale = later(later(in->epoch, out->epoch), domain->epoch);
}

static inline void
begin_key(struct scratch *b, unsigned int i, const struct weft_lane *lane, const struct way *way)
{
	struct weft_session_key *key = &b->key[i];
	unsigned int e = way->place[0] > way->place[1];

	b->stale[i] = way->stale;
	b->end[i] = e;
	key->domain = lane->domain;
	key->proto = lane->proto;
	key->slot[e] = way->place[0];
	key->slot[!e] = way->place[1];
}

static inline void
finish_key(const struct weft_sessions *t, struct scratch *b, unsigned int i, const struct weft_lane *lane,
	const struct rte_mbuf *m)
{
	const uint8_t *l3 = rte_pktmbuf_mtod(m, const uint8_t *) + lane->l3_off, *l4 = l4_of(lane, m);
	struct weft_session_key *key = &b->key[i];
	unsigned int e = b->end[i];
	uint8_t query;

	if (likely(lane->flags & WEFT_LANE_IPV4)) {
		key->family = 4;
		memcpy(&key->addr[e], l3 + 12, 4);
		memcpy(&key->addr[!e], l3 + 16, 4);
	} else {
		key->family = 6;
		key->addr[e] = sessions_fold(t, l3 + 8);
		key->addr[!e] = sessions_fold(t, l3 + 24);
	}
	if (likely(lane->proto == IPPROTO_TCP || lane->proto == IPPROTO_UDP || lane->proto == IPPROTO_SCTP)) {
		memcpy(&key->l4[e], l4, 2);
		memcpy(&key->l4[!e], l4 + 2, 2);
	} else if (lane->proto == IPPROTO_ICMP || lane->proto == IPPROTO_ICMPV6) {
		icmp_kind(key->family == 6, l4[0], &query);
		memcpy(&key->l4[0], l4 + 4, 2);
		key->l4[1] = query;
	} else {
		key->l4[0] = key->l4[1] = 0;
	}
	b->hash[i] = sessions_hash(t, key);
	b->record[i] = 0;
}

static inline bool
is_record(const struct weft_session *s, const struct weft_session_key *key, const uint8_t *l3, unsigned int e)
{
	return sessions_same_key(&s->key, key) &&
	       (likely(key->family == 4) ||
		       (memcmp(s->addr6[e], l3 + 8, 16) == 0 && memcmp(s->addr6[!e], l3 + 24, 16) == 0));
}

// What is judged for itself: no connection can be told by it.
static int
judge_alone(struct weft_worker *worker, struct weft_vec *vec, unsigned int i)
{
	const struct flow flow = flow_of(worker, &vec->lanes[i], vec->pkts[i]);
	struct judgement j;

	judge(worker->snap, &flow, &j);
	if (vec->explain)
		judge_explain(vec->explain, &j);
	if (!vec->dry_run)
		judge_count(worker, &j, vec->pkts[i]->pkt_len);
	return j.reason;
}

// Lanes that are no part of a connection by themselves. Returns TRACK_PASS, a drop reason, or TRACK_REOPEN: it is such
// a part.
static int
look_apart(struct weft_worker *worker, struct weft_vec *vec, unsigned int i)
{
	const struct weft_lane *lane = &vec->lanes[i];
	const struct flow flow = flow_of(worker, lane, vec->pkts[i]);
	uint8_t query;

	if (lane->flags & WEFT_LANE_LATER_FRAGMENT)
		return frags_check(worker, lane, (const uint8_t *const[2]){ flow.src, flow.dst });
	if (lane->proto != IPPROTO_ICMP && lane->proto != IPPROTO_ICMPV6)
		return TRACK_REOPEN;
	// ICMP for the other version of IP is no ICMP.
	if (flow.v6 != (lane->proto == IPPROTO_ICMPV6))
		return judge_alone(worker, vec, i);
	switch (icmp_kind(flow.v6, l4_of(lane, vec->pkts[i])[0], &query)) {
	case ICMP_ERROR:
		return icmp_error_check(worker, vec, i);
	case ICMP_LOCAL:
		return TRACK_PASS;
	case ICMP_OTHER:
		return judge_alone(worker, vec, i);
	case ICMP_QUERY:
	case ICMP_REPLY:
		// The identifier is behind the parser's four bytes.
		return lane->l4_len >= 8 && lane->l4_off + 8 <= vec->pkts[i]->data_len ? TRACK_REOPEN
										       : (int)WEFT_DROP_PARSE_L4;
	}
	return TRACK_PASS;
}

// S was judged under older rules. Returns TRACK_PASS with S brought up to date, TRACK_REOPEN with S gone, or a drop
// reason.
static int
judge_stale(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, struct weft_session *s)
{
	struct weft_sessions *t = worker->sessions;
	struct judgement j;
	bool tell;

	judge_again(worker->snap, s, &j);
	if (vec->explain) {
		weft_explain_add(
			vec->explain, "firewall", "the connection was judged under older rules, and is judged again");
		judge_explain(vec->explain, &j);
	}
	if (vec->dry_run)
		return j.reason >= 0 ? (int)WEFT_DROP_FW_REVOKED : TRACK_PASS;
	if (j.reason < 0 && !j.stateless) {
		judge_enter(worker, s, &j);
		t->rejudged++;
		return TRACK_PASS;
	}
	tell = j.refuse;
	for (unsigned int end = 0; end < 2; end++) {
		const struct weft_policy *policy = weft_snapshot_slot(worker->snap, s->key.slot[end])->policy;

		tell = tell || (policy && policy->reject_revoked);
	}
	if (j.reason >= 0) {
		judge_count(worker, &j, vec->pkts[i]->pkt_len);
		if (tell)
			refuse_both(worker, vec, &vec->lanes[i], vec->pkts[i]);
		t->revoked++;
	}
	weft_session_remove(t, (uint32_t)(s - t->rec));
	return j.reason >= 0 ? (int)WEFT_DROP_FW_REVOKED : TRACK_REOPEN;
}

static inline int
track(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, struct weft_session *s, unsigned int e)
{
	struct weft_sessions *t = worker->sessions;
	const struct weft_lane *lane = &vec->lanes[i];
	const struct rte_mbuf *m = vec->pkts[i];
	int ret = TRACK_PASS;

	if (likely(lane->proto == IPPROTO_TCP)) {
		const uint8_t *tcp = l4_of(lane, m);
		const struct tcp_segment seg = tcp_read(tcp, lane);

		ret = track_tcp(t, s, e, &seg, tcp, vec->dry_run);
	} else if (lane->proto == IPPROTO_ICMP || lane->proto == IPPROTO_ICMPV6) {
		uint8_t query;
		bool opener = e == (s->flags & WEFT_SESSION_BY_END1);

		// Who asks does not answer.
		if ((icmp_kind(lane->flags & WEFT_LANE_IPV6, l4_of(lane, m)[0], &query) == ICMP_QUERY) != opener)
			ret = WEFT_DROP_FW_STATE;
	} else if (!vec->dry_run) {
		track_answered(t, s, e);
	}
	if (unlikely(ret != TRACK_PASS || vec->dry_run))
		return ret;
	s->seen = worker->clock;
	s->packets++;
	s->bytes += m->pkt_len;
	if (unlikely(s->bytes >> 31))
		sessions_settle(t, s);
	return TRACK_PASS;
}

static void
explain_connection(struct weft_vec *vec, const struct weft_session *s, unsigned int e)
{
	weft_explain_add(vec->explain, "firewall", "connection %s, %s direction", weft_session_state_name(s->state),
		e == (s->flags & WEFT_SESSION_BY_END1) ? "its opener's" : "reply");
}

// Finds the connection of lane I and decides. Returns -1, or the drop reason.
static inline int
decide(struct weft_worker *worker, struct weft_vec *vec, struct scratch *b, unsigned int i)
{
	struct weft_sessions *t = worker->sessions;
	const uint8_t *l3 = rte_pktmbuf_mtod(vec->pkts[i], const uint8_t *) + vec->lanes[i].l3_off;
	unsigned int e = b->end[i];
	uint32_t record = b->record[i];
	int ret = TRACK_REOPEN;

	if (unlikely(!is_record(&t->rec[record], &b->key[i], l3, e))) {
		const uint8_t *const addr6[2] = { l3 + (e ? 24 : 8), l3 + (e ? 8 : 24) };

		record = sessions_find(t, &b->key[i], b->hash[i], addr6);
	}
	if (likely(record != 0)) {
		struct weft_session *s = &t->rec[record];

		if (unlikely(vec->explain != NULL))
			explain_connection(vec, s, e);
		ret = TRACK_PASS;
		if (unlikely((int32_t)(b->stale[i] - s->judged) > 0))
			ret = judge_stale(worker, vec, i, s);
		if (likely(ret == TRACK_PASS)) {
			ret = track(worker, vec, i, s, e);
			if (unlikely(ret == TRACK_REOPEN && !vec->dry_run))
				weft_session_remove(t, record);
		}
	}
	if (unlikely(ret == TRACK_REOPEN))
		ret = open_connection(worker, vec, i, &b->key[i], b->hash[i], e);
	if (unlikely((vec->lanes[i].flags & WEFT_LANE_FRAGMENT) && ret == -1 && !vec->dry_run)) {
		const struct flow flow = flow_of(worker, &vec->lanes[i], vec->pkts[i]);

		ret = frags_note(worker, &vec->lanes[i], (const uint8_t *const[2]){ flow.src, flow.dst });
	}
	return ret;
}

static inline bool
is_apart(const struct weft_lane *lane)
{
	return lane->flags & WEFT_LANE_LATER_FRAGMENT || lane->proto == IPPROTO_ICMP || lane->proto == IPPROTO_ICMPV6;
}

// Gives the lane to the worker that has its connections.
static void
pass_on(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, uint16_t peer)
{
	bool known = peer < WEFT_MAX_WORKERS && !(vec->passed >> i & 1);

	if (vec->explain)
		weft_explain_add(vec->explain, "firewall", "worker %u has its connections", peer);
	if (vec->dry_run)
		vec->elsewhere = peer;
	else if (known)
		weft_out_worker(worker, peer, 0, 0, vec->pkts[i]);
	else
		weft_drop_mbuf(worker, vec->pkts[i], WEFT_DROP_FW_MOVING);
}

static void
drop(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, int reason)
{
	if (vec->explain)
		weft_explain_add(vec->explain, "firewall", "refused: %s", weft_drop_text(reason));
	weft_drop(worker, vec, UINT64_C(1) << i, reason);
}

// The first pass: which lanes are for connections of this worker, and the keys of most of them. What needs no
// connection is decided at once; *GOOD loses what is dropped, or is another worker's. Returns the lanes that are left
// to decide, and of them in *APART those that look_apart() is to see first, in their turn: a fragment may follow its
// first one in the same burst.
static weft_lanes
sort_out(struct weft_worker *worker, struct weft_vec *vec, struct scratch *b, weft_lanes *good, weft_lanes *apart)
{
	const struct weft_sessions *t = worker->sessions;
	struct way way = { .id = 0 };
	weft_lanes todo = 0, mask = *good;

	WEFT_FOREACH_LANE (i, mask) {
		const struct weft_lane *lane = &vec->lanes[i];
		uint64_t id = (uint64_t)lane->in << 32 | (uint32_t)lane->out << 16 | lane->domain;

		if (unlikely(!(lane->flags & (WEFT_LANE_IPV4 | WEFT_LANE_IPV6))))
			continue;
		if (unlikely(lane->out == WEFT_PORT_NONE)) {
			int bad = group_out(worker, vec, i);

			if (bad >= 0) {
				drop(worker, vec, i, bad);
				*good &= ~(UINT64_C(1) << i);
			}
			continue;
		}
		if (unlikely(way.id != id)) {
			way.id = id;
			learn_way(worker, lane, &way);
		}
		if (!way.judged)
			continue;
		if (unlikely(!way.here)) {
			pass_on(worker, vec, i, way.peer);
			*good &= ~(UINT64_C(1) << i);
			continue;
		}
		todo |= UINT64_C(1) << i;
		begin_key(b, i, lane, &way);
		if (unlikely(is_apart(lane))) {
			*apart |= UINT64_C(1) << i;
			continue;
		}
		finish_key(t, b, i, lane, vec->pkts[i]);
		rte_prefetch0(&t->bucket[sessions_first(t, b->hash[i])]);
	}
	return todo;
}

weft_lanes
weft_firewall_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	struct weft_sessions *t = worker->sessions;
	struct scratch b;
	weft_lanes good = mask, apart = 0, todo = sort_out(worker, vec, &b, &good, &apart), keyed = todo & ~apart;

	WEFT_FOREACH_LANE (i, keyed) {
		uint32_t record = sessions_candidate(&t->bucket[sessions_first(t, b.hash[i])], sessions_sig(b.hash[i]));
		const struct weft_session *s = &t->rec[record];

		b.record[i] = record;
		rte_prefetch0(s);
		if (b.key[i].family == 6)
			rte_prefetch0(s->addr6);
	}
	WEFT_FOREACH_LANE (i, todo) {
		int bad = TRACK_REOPEN;

		if (unlikely(apart >> i & 1)) {
			bad = look_apart(worker, vec, i);
			if (bad == TRACK_REOPEN)
				finish_key(t, &b, i, &vec->lanes[i], vec->pkts[i]);
		}
		if (likely(bad == TRACK_REOPEN))
			bad = decide(worker, vec, &b, i);
		if (unlikely(bad >= 0)) {
			drop(worker, vec, i, bad);
			good &= ~(UINT64_C(1) << i);
		}
	}
	return good;
}
