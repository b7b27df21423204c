// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The stateful firewall. One look-up finds the connection of a packet, which stands for what the rules of both ends
// have decided. Three passes over the vector (keys, candidates, connections) let the processor fetch buckets and
// records while it works on other packets.
#include "pipeline/firewall/ethertype.h"
#include "pipeline/firewall/flow.h"
#include "pipeline/firewall/icmp.h"
#include "pipeline/firewall/judge.h"
#include "pipeline/firewall/key.h"
#include "pipeline/firewall/multicast.h"
#include "pipeline/firewall/new_connection.h"
#include "pipeline/firewall/offload_offer.h"
#include "pipeline/firewall/reject.h"
#include "pipeline/firewall/stateless.h"
#include "pipeline/firewall/track_tcp.h"
#include "pipeline/send/drop.h"
#include "pipeline/tables/frags.h"
#include "pipeline/tables/sessions.h"
#include "weft/explain.h"
#include "weft/stage.h"
#include "weft/worker.h"

// Lanes that go through all passes before the next ones start: each needs seven cache lines, and all must fit the
// first- level cache.
#define LANES_AT_ONCE 32

// The state of a lane that each pass leaves for the next.
struct seek {
	struct weft_session_key key;
	uint32_t record; // 0: not known
	uint64_t hash;
	uint32_t age;	// age of its rules in snapshots: a connection that was judged before them is judged again
	uint32_t slots; // slots of its connection, end 0 in the low half; for lanes that have no key yet
	uint8_t end;	// the end of its connection that sends
} __rte_cache_aligned;

// A path through the switch: what holds for a packet holds for those that follow it on the same path.
struct way {
	uint64_t id;	// its ports, domain and ethertype
	bool judged;	// one of its ports has rules
	bool here;	// this worker has its connections
	uint16_t peer;	// the worker that has them
	uint8_t end;	// the end of its connections that sends
	uint32_t slots; // slots of its connections, end 0 in the low half
	uint32_t age;	// age of its rules in snapshots
};

// The lane's ports, domain and ethertype, which are adjacent.
static inline uint64_t
way_of(const struct weft_lane *lane)
{
	uint64_t id;

	static_assert(offsetof(struct weft_lane, ethertype) == offsetof(struct weft_lane, in) + 6, "read as one word");
	memcpy(&id, &lane->in, sizeof(id));
	return id;
}

// Whether LANE is on the path of WAY, and its connections are here or not needed.
static inline bool
is_on(const struct way *way, const struct weft_lane *lane)
{
	return way->id == way_of(lane) && (way->here || !way->judged);
}

static void
learn_way(const struct weft_worker *worker, const struct weft_lane *lane, struct way *way)
{
	const struct weft_snapshot *snap = worker->snap;
	const struct weft_port_conf *in = weft_snapshot_slot(snap, lane->in),
				    *out = weft_snapshot_slot(snap, lane->out);
	const struct weft_domain *domain = weft_snapshot_domain(snap, lane->domain);
	uint16_t from = weft_flow_place(in, lane->in), to = weft_flow_place(out, lane->out), home;

	way->id = way_of(lane);
	way->judged = in->policy || out->policy;
	way->end = from > to;
	way->slots = from > to ? to | (uint32_t)from << 16 : from | (uint32_t)to << 16;
	home = weft_session_home(RTE_MIN(from, to), RTE_MAX(from, to));
	way->peer = weft_snapshot_slot(snap, home)->owner;
	// If every worker has a queue of the device, a connection stays with the worker that sees it first.
	way->here = way->peer == worker->id || way->peer == WEFT_OWNER_EACH;
	way->age = weft_flow_rules_age(snap, in, out, domain);
}

static inline void
make_key(const struct weft_sessions *t, struct seek *k, const struct weft_lane *lane, const struct rte_mbuf *m,
	unsigned int e, uint32_t slots)
{
	k->hash = weft_key_make(t, &k->key, lane, m, e, slots);
	k->record = 0;
}

static inline bool
is_record(const struct weft_session *s, const struct weft_session_key *key, const uint8_t *l3, unsigned int e)
{
	return weft_sessions_same_key(&s->key, key) &&
	       (likely(key->family == 4) ||
		       (memcmp(s->addr6[e], l3 + 8, 16) == 0 && memcmp(s->addr6[!e], l3 + 24, 16) == 0));
}

// Judges S again, which was judged under older rules. Returns TRACK_PASS with S up to date, TRACK_REOPEN with S
// removed, or a drop reason.
static int
judge_stale(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, struct weft_session *s)
{
	struct weft_sessions *t = worker->firewall.sessions;
	struct judgement j;
	bool tell;

	weft_judge_again(worker->snap, s, &j);
	if (vec->explain) {
		weft_explain_add(vec->explain, WEFT_STAGE_firewall,
			"the connection was judged under older rules, and is judged again");
		weft_judge_explain(vec->explain, &j);
	}
	if (vec->dry_run)
		return j.reason >= 0 ? (int)WEFT_DROP_FW_REVOKED : TRACK_PASS;
	if (j.reason < 0 && !j.stateless) {
		weft_judge_record(worker, s, &j);
		t->rejudged++;
		return TRACK_PASS;
	}
	tell = j.reject;
	for (unsigned int end = 0; end < 2; end++) {
		const struct weft_policy *policy = weft_snapshot_slot(worker->snap, s->key.slot[end])->policy;

		tell = tell || (policy && policy->reject_revoked);
	}
	if (j.reason >= 0) {
		weft_judge_count(worker, &j, vec->pkts[i]->pkt_len);
		if (tell)
			weft_reject_both(worker, vec, &vec->lanes[i], vec->pkts[i]);
		t->revoked++;
	}
	weft_session_remove(t, (uint32_t)(s - t->rec));
	return j.reason >= 0 ? (int)WEFT_DROP_FW_REVOKED : TRACK_REOPEN;
}

// Judges a packet by another generation than the one in force, and leaves the connection as it is. Returns
// TRACK_PASS, or the drop reason.
static int
judge_apart(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, const struct weft_session *s)
{
	struct judgement j;

	weft_judge_again(worker->snap, s, &j);
	if (vec->explain)
		weft_judge_explain(vec->explain, &j);
	if (j.reason < 0)
		return TRACK_PASS;
	if (!vec->dry_run)
		weft_judge_count(worker, &j, vec->pkts[i]->pkt_len);
	return j.reason;
}

static inline void
count_packet(struct weft_sessions *t, struct weft_session *s, uint32_t clock, const struct rte_mbuf *m)
{
	s->seen = clock;
	s->packets++;
	s->bytes += m->pkt_len;
	if (unlikely(s->bytes >> 31))
		weft_sessions_settle(t, s);
}

static inline int
track(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, struct weft_session *s, unsigned int e)
{
	struct weft_sessions *t = worker->firewall.sessions;
	const struct weft_lane *lane = &vec->lanes[i];
	const struct rte_mbuf *m = vec->pkts[i];
	int ret = TRACK_PASS;

	if (likely(lane->proto == IPPROTO_TCP)) {
		const uint8_t *tcp = weft_flow_l4(lane, m);
		const struct tcp_segment seg = tcp_read(tcp, lane);

		ret = weft_track_tcp(t, s, e, &seg, tcp, vec->dry_run);
	} else if (!vec->dry_run) {
		weft_track_answered(t, s, e);
	}
	if (unlikely(ret == TRACK_STRAY)) {
		if (!vec->dry_run)
			count_packet(t, s, s->seen, m);
		return TRACK_PASS;
	}
	if (unlikely(ret != TRACK_PASS || vec->dry_run))
		return ret;
	count_packet(t, s, worker->clock, m);
	return TRACK_PASS;
}

// Follows a TCP segment of an established connection. False: the segment is special, or does not fit.
static inline bool
follow_tcp(struct weft_session *s, unsigned int e, const struct weft_lane *lane, const uint8_t *tcp)
{
	uint32_t word[2], win;
	struct tcp_segment seg;

	if (unlikely((tcp[13] & (TCP_SYN | TCP_RST | TCP_FIN | TCP_ACK)) != TCP_ACK || s->flags & WEFT_SESSION_LIBERAL))
		return false;
	memcpy(word, tcp + 4, sizeof(word));
	seg = (struct tcp_segment){ .seq = rte_be_to_cpu_32(word[0]), .ack = rte_be_to_cpu_32(word[1]) };
	seg.end = seg.seq + lane->l4_len - (tcp[12] >> 4) * 4u;
	win = (uint32_t)(tcp[14] << 8 | tcp[15]) << s->scale[e];
	if (unlikely(!tcp_in_window(s, e, &seg)))
		return false;
	tcp_advance_to(s, e, seg.end, win, seg.ack + RTE_MAX(win, 1u));
	return true;
}

// The fast path: a packet of an established connection whose rules have not changed. True: it fits, and is counted.
// False: decide() decides.
static inline bool
follow(struct weft_sessions *t, uint32_t version, uint32_t clock, const struct weft_lane *lane,
	const struct rte_mbuf *m, const struct seek *k)
{
	struct weft_session *s = &t->rec[k->record];
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	if (unlikely(s->state == WEFT_SESSION_FREE || !is_record(s, &k->key, frame + lane->l3_off, k->end)))
		return false;
	if (unlikely(k->age < version - s->judged || lane->flags & WEFT_LANE_FRAGMENT))
		return false;
	if (likely(s->state == WEFT_SESSION_ESTABLISHED)) {
		if (unlikely(!follow_tcp(s, k->end, lane, frame + lane->l4_off)))
			return false;
	} else if (s->key.proto == IPPROTO_TCP || (weft_session_is_half(s->state) && !is_opener(s, k->end))) {
		return false;
	}
	count_packet(t, s, clock, m);
	return true;
}

static void
explain_connection(struct weft_vec *vec, const struct weft_session *s, unsigned int e)
{
	weft_explain_add(vec->explain, WEFT_STAGE_firewall, "connection %s, %s direction",
		weft_session_state_name(s->state), is_opener(s, e) ? "its opener's" : "reply");
}

// Finds the connection of lane I, or opens one, and decides. Returns -1, or the drop reason.
static int
decide(struct weft_worker *worker, struct weft_vec *vec, const struct seek *k, unsigned int i)
{
	struct weft_sessions *t = worker->firewall.sessions;
	const uint8_t *l3 = rte_pktmbuf_mtod(vec->pkts[i], const uint8_t *) + vec->lanes[i].l3_off;
	unsigned int e = k->end;
	uint32_t record = k->record;
	int ret = TRACK_REOPEN;

	if (unlikely(!is_record(&t->rec[record], &k->key, l3, e))) {
		const uint8_t *const addr6[2] = { l3 + (e ? 24 : 8), l3 + (e ? 8 : 24) };

		record = weft_sessions_find(t, &k->key, k->hash, addr6);
	}
	if (likely(record != 0)) {
		struct weft_session *s = &t->rec[record];

		if (unlikely(vec->explain != NULL))
			explain_connection(vec, s, e);
		ret = TRACK_PASS;
		if (unlikely(worker->generations.present != NULL))
			ret = judge_apart(worker, vec, i, s);
		else if (unlikely(k->age < weft_flow_age(worker->snap, s->judged)))
			ret = judge_stale(worker, vec, i, s);
		if (likely(ret == TRACK_PASS)) {
			ret = track(worker, vec, i, s, e);
			if (unlikely(ret == TRACK_REOPEN && !vec->dry_run))
				weft_session_remove(t, record);
		}
	}
	if (unlikely(ret == TRACK_REOPEN))
		ret = weft_connection_open(worker, vec, i, &k->key, k->hash, e);
	if (unlikely((vec->lanes[i].flags & WEFT_LANE_FRAGMENT) && ret == -1 && !vec->dry_run)) {
		const struct flow flow = weft_flow_of(worker, &vec->lanes[i], vec->pkts[i]);

		ret = weft_frags_note(worker, &vec->lanes[i], (const uint8_t *const[2]){ flow.src, flow.dst });
	}
	return ret;
}

static inline bool
is_apart(const struct weft_lane *lane)
{
	return !(lane->flags & WEFT_LANE_PORTS) &&
	       (lane->flags & WEFT_LANE_LATER_FRAGMENT || lane->proto == IPPROTO_ICMP || lane->proto == IPPROTO_ICMPV6);
}

// Passes the lane to PEER, the worker that has its connections.
static void
pass_on(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, uint16_t peer)
{
	bool known = peer < WEFT_MAX_WORKERS && !(vec->passed >> i & 1);

	if (vec->explain)
		weft_explain_add(vec->explain, WEFT_STAGE_firewall, "worker %u has its connections", peer);
	if (vec->dry_run)
		vec->elsewhere = peer;
	else if (known) {
		// As it came: it is taken out of its tunnel there.
		if (vec->lanes[i].outer)
			rte_pktmbuf_prepend(vec->pkts[i], vec->lanes[i].outer);
		weft_out_worker(worker, peer, 0, 0, vec->pkts[i]);
	} else
		weft_drop_mbuf(worker, vec->pkts[i], WEFT_DROP_FW_MOVING);
}

static void
drop(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, int reason)
{
	if (vec->explain)
		weft_explain_add(vec->explain, WEFT_STAGE_firewall, "refused: %s", weft_drop_text(reason));
	weft_drop(worker, vec, UINT64_C(1) << i, reason);
}

// The lanes that sort_out() grouped by what happens next.
struct sorted {
	weft_lanes good; // not dropped, nor another worker's
	weft_lanes todo; // left to decide
	weft_lanes
		apart; // of them, those that weft_stateless_check() is to see first, in their turn: a fragment may follow its
		       // first one in the same burst
};

// Looks at a bucket, which is there by now, and has the record come.
static inline void
look_up(const struct weft_sessions *t, struct seek *k)
{
	const struct weft_session *s;

	k->record =
		weft_sessions_candidate(&t->bucket[weft_sessions_first(t, k->hash)], weft_sessions_signature(k->hash));
	s = &t->rec[k->record];
	rte_prefetch0(s);
	if (unlikely(k->key.family == 6))
		rte_prefetch0(s->addr6);
}

// Judges a frame that is neither IP nor ARP by the rules of both ends.
static int
judge_other(struct weft_worker *worker, struct weft_vec *vec, unsigned int i)
{
	const struct weft_lane *lane = &vec->lanes[i];
	int bad = weft_ethertype_judge(worker, vec, lane, vec->pkts[i], lane->in, true);

	return bad >= 0 ? bad : weft_ethertype_judge(worker, vec, lane, vec->pkts[i], lane->out, false);
}

// Handles a lane that is not on the path of WAY: learns its path, floods, or passes it to another worker. True: the
// lane has a connection here to be looked up, and WAY is its path.
static __rte_noinline bool
sort_one(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, struct way *way, struct sorted *sorted)
{
	const struct weft_lane *lane = &vec->lanes[i];
	int bad;

	if (lane->flags & WEFT_LANE_ARP)
		return false;
	if (lane->out == WEFT_PORT_NONE || weft_ethertype_is_other(lane)) {
		bad = lane->out == WEFT_PORT_NONE ? weft_multicast_may_leave(worker, vec, i)
						  : judge_other(worker, vec, i);
		if (bad < 0)
			return false;
		drop(worker, vec, i, bad);
		sorted->good &= ~(UINT64_C(1) << i);
		return false;
	}
	learn_way(worker, lane, way);
	if (way->judged && !way->here) {
		pass_on(worker, vec, i, way->peer);
		sorted->good &= ~(UINT64_C(1) << i);
	}
	return way->judged && way->here;
}

// First pass: sorts out the lanes with connections of this worker and makes their keys. Lanes that need no
// connection are decided at once.
static void
sort_out(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask, struct seek *seek, struct sorted *sorted)
{
	const struct weft_sessions *t = worker->firewall.sessions;
	struct way way = { .id = 0 };

	WEFT_FOREACH_LANE (i, mask) {
		const struct weft_lane *lane = &vec->lanes[i];
		struct seek *k = &seek[i];

		if (unlikely(!is_on(&way, lane) && !sort_one(worker, vec, i, &way, sorted)))
			continue;
		if (unlikely(!way.judged))
			continue;
		sorted->todo |= UINT64_C(1) << i;
		k->end = way.end;
		k->age = way.age;
		if (unlikely(is_apart(lane))) {
			sorted->apart |= UINT64_C(1) << i;
			k->record = 0;
			k->slots = way.slots;
			continue;
		}
		make_key(t, k, lane, vec->pkts[i], way.end, way.slots);
		rte_prefetch0(&t->bucket[weft_sessions_first(t, k->hash)]);
	}
}

// The slow path for lane I. Returns -1, or the drop reason.
static __rte_noinline int
decide_any(struct weft_worker *worker, struct weft_vec *vec, struct seek *k, unsigned int i, bool apart)
{
	int bad = apart ? weft_stateless_check(worker, vec, i) : TRACK_REOPEN;

	if (apart && bad == TRACK_REOPEN)
		make_key(worker->firewall.sessions, k, &vec->lanes[i], vec->pkts[i], k->end, k->slots);
	if (bad == TRACK_REOPEN)
		bad = decide(worker, vec, k, i);
	if (bad >= 0)
		drop(worker, vec, i, bad);
	return bad;
}

// Runs all passes over the lanes MASK, LANES_AT_ONCE at most.
static weft_lanes
judge_lanes(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	struct weft_sessions *t = worker->firewall.sessions;
	struct seek seek[WEFT_VEC_SIZE];
	struct sorted sorted = { .good = mask };
	weft_lanes keyed;
	bool fast = !vec->dry_run && !vec->explain && !worker->generations.present;
	bool offering = fast && worker->firewall.offering &&
			atomic_load_explicit(worker->firewall.offering, memory_order_relaxed);
	uint32_t clock = worker->clock, version = (uint32_t)worker->snap->version;

	sort_out(worker, vec, mask, seek, &sorted);
	keyed = sorted.todo & ~sorted.apart;
	WEFT_FOREACH_LANE (i, keyed)
		look_up(t, &seek[i]);
	WEFT_FOREACH_LANE (i, sorted.todo) {
		if (unlikely(!fast || !follow(t, version, clock, &vec->lanes[i], vec->pkts[i], &seek[i])) &&
			decide_any(worker, vec, &seek[i], i, sorted.apart >> i & 1) >= 0)
			sorted.good &= ~(UINT64_C(1) << i);
		else if (unlikely(offering))
			weft_offload_offer(worker, vec, i, seek[i].record, &seek[i].key, seek[i].end);
	}
	return sorted.good;
}

// An offer is checked for what the rules say; hardware does not know when this host loses its cluster.
bool
weft_firewall_needed(const struct weft_snapshot *snap, uint16_t slot)
{
	return weft_snapshot_slot(snap, slot)->fence_new;
}

weft_lanes
weft_firewall_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	const weft_lanes first = weft_lanes_all(LANES_AT_ONCE);
	weft_lanes good = 0;

	for (unsigned int i = 0; i < WEFT_VEC_SIZE; i += LANES_AT_ONCE)
		if (mask & first << i)
			good |= judge_lanes(worker, vec, mask & first << i);
	return good;
}
