// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Data plans. From a VM: what the plan does not let pass now stays in the VM's rings, and the port is not looked at
// until it does. To a VM: frames wait for their time in a queue of the port's, which is bounded in bytes; those that
// wait long are marked before any is dropped. To a wire: likewise, and by their class. One wheel a worker wakes all up.
#include <rte_branch_prediction.h>
#include <rte_cycles.h>
#include <rte_mbuf_dyn.h>

#include "dataplane/core/core.h"
#include "pipeline/send/drop.h"
#include "weft/mark.h"

#define DUE_BATCH 64
// Frames that wait at a port, the most; and the part of all packet buffers that may wait at all ports.
#define QUEUE_MOST  1024
#define QUEUE_LEAST 8
#define PACED_PART  2

// Classes of frames to a wire, by their DSCP (RFC 4594, 8622): voice, signalling and the network's own before the rest,
// and what may wait after it.
enum { BAND_FIRST, BAND_REST, BAND_LAST };
#define DSCP_CS5 40
#define DSCP_CS1 8
#define DSCP_LE	 1

// A frame that waits, in the frame itself.
struct waiting {
	struct rte_mbuf *next;
	uint64_t since; // TSC
};

static int waiting_offset = -1;

// Of ports that have none, but a tenant with a limit, or an uplink to share.
static const struct weft_port_plan no_plan = { .turn = WEFT_WEIGHT_DEFAULT * WEFT_WEIGHT_BYTES };

static struct waiting *
waiting(struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, waiting_offset, struct waiting *);
}

int
dp_shape_init(struct weft_error *err)
{
	static const struct rte_mbuf_dynfield field = {
		.name = "weft_waiting", .size = sizeof(struct waiting), .align = __alignof__(struct waiting)
	};

	if (waiting_offset < 0)
		waiting_offset = rte_mbuf_dynfield_register(&field);
	return waiting_offset < 0 ? weft_fail(err, ENOSPC, "no room in packet buffers for the time that they wait") : 0;
}

// The plan is PLAN now, or there is another port.
static __rte_noinline void
renew(struct dp_worker *self, uint16_t slot, const struct weft_port_plan *plan, uint64_t now)
{
	struct dp_shaper *s = &dp.shaper[slot];
	bool afresh = s->gen != self->own[slot].gen;

	self->own[slot].renewed = false;
	if (afresh || !weft_way_is(&plan->from_vm, &s->from))
		weft_way_change(&plan->from_vm, &s->from, now, afresh);
	if (afresh || !weft_way_is(&plan->to_vm, &s->to))
		weft_way_change(&plan->to_vm, &s->to, now, afresh);
	s->gen = self->own[slot].gen;
	if (!afresh)
		return;
	s->took = 0;
	s->credit = 0;
	s->least = now;
	s->rested = true;
	atomic_store_explicit(&dp.owed[slot].bytes, 0, memory_order_relaxed);
}

// The slot's state, for the port that the worker has in it, and the plan that it has now.
static struct dp_shaper *
shaper_of(struct dp_worker *self, uint16_t slot, const struct weft_port_plan *plan, uint64_t now)
{
	if (unlikely(self->own[slot].renewed))
		renew(self, slot, plan, now);
	return &dp.shaper[slot];
}

uint16_t
dp_shape_allowed(struct dp_worker *self, uint16_t slot, int64_t *bytes)
{
	const struct weft_port_plan *plan = self->own[slot].plan;
	struct dp_shaper *s = shaper_of(self, slot, plan, self->vec.now);
	uint16_t n = weft_way_allowed(&plan->from_vm, &s->from, self->vec.now, WEFT_BURST, bytes);

	s->shut = n && self->own[slot].linked && !dp_link_allows(self, slot, bytes);
	if (s->shut)
		n = 0;
	if (self->own[slot].bucket && n) {
		// Who was called has it already.
		if (s->took == 0)
			s->took = dp_bucket_take(self->own[slot].bucket, self->w.fenced, self->vec.now,
				RTE_MIN(*bytes, (int64_t)DP_TURN));
		*bytes = RTE_MIN(*bytes, s->took);
		n = *bytes ? n : 0;
	}
	s->asked = n != 0;
	return n;
}

void
dp_shape_took(struct dp_worker *self, uint16_t slot, uint16_t n, uint64_t bytes)
{
	struct dp_shaper *s = &dp.shaper[slot];

	weft_way_spend(&self->own[slot].plan->from_vm, &s->from, n, bytes);
	if (self->own[slot].bucket) {
		dp_bucket_settle(self->own[slot].bucket, self->w.fenced, s->took, (int64_t)bytes);
		dp_bucket_next(self, self->own[slot].bucket);
	}
	s->took = 0;
	if (self->own[slot].linked && s->asked && n == 0)
		dp_link_rests(self, slot);
	// There was something that had to wait.
	if (n && s->parked) {
		s->throttled += s->parked;
		s->stats.tenant += s->waits_for == DP_WAITS_TENANT ? s->parked : 0;
		s->stats.uplink += s->waits_for == DP_WAITS_LINK ? s->parked : 0;
	}
	if (s->asked)
		s->parked = 0;
}

bool
dp_shape_parks(struct dp_worker *self, uint16_t slot)
{
	struct dp_shaper *s = &dp.shaper[slot];
	uint64_t next = weft_way_next(&self->own[slot].plan->from_vm, &s->from);

	if (next > self->vec.now) {
		s->waits_for = DP_WAITS_PLAN;
		weft_wheel_set(self->wheel, slot, next);
	} else if (s->shut) {
		s->waits_for = DP_WAITS_LINK;
		dp_link_waits(self, slot);
	} else if (self->own[slot].bucket && dp_bucket_queues(self, slot)) {
		s->waits_for = DP_WAITS_TENANT;
	} else {
		return false;
	}
	// It may have waited for something else before, without being looked at.
	s->parked = self->vec.now - s->parked;
	self->own[slot].parked = true;
	return true;
}

static unsigned int
band_of(const struct rte_mbuf *m)
{
	uint8_t dscp = weft_dscp_of(m);

	return dscp >= DSCP_CS5 ? BAND_FIRST : dscp == DSCP_CS1 || dscp == DSCP_LE ? BAND_LAST : BAND_REST;
}

// What waits at the port is this worker's to count from now on, or nobody's.
static void
count_in(struct dp_worker *self, struct dp_shaper *s)
{
	if (s->kept_by == self->w.id + 1)
		return;
	s->kept_by = self->w.id + 1;
	self->n_paced += s->stats.n;
}

static void
count_out(struct dp_worker *self, struct dp_shaper *s)
{
	if (s->kept_by != self->w.id + 1)
		return;
	s->kept_by = 0;
	self->n_paced -= s->stats.n;
}

// The frame that is first, of those of the first class.
static struct rte_mbuf *
take_first(struct dp_shaper *s)
{
	struct dp_queue *q = s->queue;
	struct rte_mbuf *m;

	while (q->head == NULL)
		q++;
	m = q->head;
	q->head = waiting(m)->next;
	s->stats.n--;
	s->stats.bytes -= m->pkt_len;
	return m;
}

// The first frames of the queue whose time has come, 32 at most. Returns how many, with their BYTES.
static uint16_t
take_due(struct dp_worker *self, const struct weft_way *way, struct dp_shaper *s, uint64_t now, struct rte_mbuf **pkts,
	uint64_t *bytes)
{
	int64_t left;
	uint16_t most = weft_way_allowed(way, &s->to, now, WEFT_BURST, &left), n = 0;

	for (*bytes = 0; n < most && left > 0 && s->stats.n; n++) {
		struct rte_mbuf *m = take_first(s);
		uint64_t waited = now - waiting(m)->since;

		s->stats.waited += waited;
		s->stats.longest = RTE_MAX(s->stats.longest, waited);
		if (unlikely(waited > way->mark_after))
			s->stats.marked += weft_mark_congestion(m);
		left -= m->pkt_len;
		*bytes += m->pkt_len;
		pkts[n] = m;
	}
	self->n_paced -= n;
	return n;
}

// Sends what may go now, and looks again when more may.
static void
drain(struct dp_worker *self, uint16_t slot, uint64_t now)
{
	const struct weft_way *way = &self->own[slot].plan->to_vm;
	struct dp_shaper *s = shaper_of(self, slot, self->own[slot].plan, now);
	struct rte_mbuf *pkts[WEFT_BURST];
	uint64_t bytes;
	uint16_t n;

	while (s->stats.n && (n = take_due(self, way, s, now, pkts, &bytes)) > 0) {
		weft_way_spend(way, &s->to, n, bytes);
		dp_write_port(self, slot, pkts, n);
	}
	if (s->stats.n)
		weft_wheel_set(self->wheel, DP_WHEEL_QUEUES + slot, weft_way_next(way, &s->to));
}

// Whether one more may wait: no port takes all of its worker's share of the packet buffers, nor all ports together more
// than that. The last quarter of a wire's queue is the first class's.
static bool
has_room(const struct dp_worker *self, const struct dp_shaper *s, const struct weft_way *way, uint32_t len,
	unsigned int band)
{
	uint32_t share = dp.config.n_mbufs / PACED_PART / dp.n_workers;
	uint32_t most = RTE_MAX(RTE_MIN(share / 4, (uint32_t)QUEUE_MOST), (uint32_t)QUEUE_LEAST);

	uint32_t queue = band == BAND_FIRST ? way->queue / 4 * 5 : way->queue;

	return s->stats.bytes + len <= queue && s->stats.n < most && self->n_paced < share;
}

static void
append(struct dp_worker *self, struct dp_shaper *s, struct rte_mbuf *m, unsigned int band)
{
	struct dp_queue *q = &s->queue[band];

	count_in(self, s);
	*waiting(m) = (struct waiting){ .since = self->vec.now };
	if (q->head)
		waiting(q->tail)->next = m;
	else
		q->head = m;
	q->tail = m;
	s->stats.n++;
	s->stats.bytes += m->pkt_len;
	self->n_paced++;
}

void
dp_shape_send(struct dp_worker *self, uint16_t slot, struct rte_mbuf **pkts, uint16_t n)
{
	const struct weft_way *way = &self->own[slot].plan->to_vm;
	struct dp_shaper *s = &dp.shaper[slot];
	bool idle = s->stats.n == 0, wire = self->own[slot].wire;

	for (uint16_t i = 0; i < n; i++) {
		unsigned int band = wire ? band_of(pkts[i]) : BAND_REST;

		if (likely(has_room(self, s, way, pkts[i]->pkt_len, band))) {
			append(self, s, pkts[i], band);
			continue;
		}
		self->w.stats[slot].tx_lost++;
		s->stats.dropped++;
		weft_drop_mbuf(&self->w, pkts[i], WEFT_DROP_OUT_PLAN);
	}
	if (idle)
		drain(self, slot, self->vec.now);
}

void
dp_shape_empty(struct dp_worker *self, uint16_t slot, bool lost)
{
	struct dp_shaper *s = &dp.shaper[slot];

	count_in(self, s);
	while (s->stats.n) {
		struct rte_mbuf *m = take_first(s);

		self->n_paced--;
		if (!lost) {
			dp_write_port(self, slot, &m, 1);
			continue;
		}
		self->w.stats[slot].tx_lost++;
		weft_drop_mbuf(&self->w, m, WEFT_DROP_OUT_PORT_GONE);
	}
}

// Its time has come: of its plan, or of its guarantee, which may not be enough.
static void
wake(struct dp_worker *self, uint16_t slot)
{
	if (dp.shaper[slot].waits_for == DP_WAITS_LINK && !dp_link_pays(self, slot))
		dp_link_waits(self, slot);
	else
		dp_shape_unpark(self, slot);
}

void
dp_shape_expire(struct dp_worker *self)
{
	uint32_t ids[DUE_BATCH], n;

	do {
		n = weft_wheel_expire(self->wheel, self->vec.now, ids, DUE_BATCH);
		for (uint32_t i = 0; i < n; i++) {
			if (ids[i] < DP_WHEEL_QUEUES)
				wake(self, (uint16_t)ids[i]);
			else if (ids[i] < DP_WHEEL_BUCKETS)
				drain(self, (uint16_t)(ids[i] - DP_WHEEL_QUEUES), self->vec.now);
			else if (ids[i] == DP_WHEEL_BUCKETS + WEFT_BUCKET_LINK)
				dp_link_next(self);
			else
				dp_bucket_next(self, (uint16_t)(ids[i] - DP_WHEEL_BUCKETS));
		}
	} while (n == DUE_BATCH);
}

void
dp_shape_unpark(struct dp_worker *self, uint16_t slot)
{
	struct dp_shaper *s = &dp.shaper[slot];

	weft_wheel_remove(self->wheel, slot);
	self->own[slot].parked = false;
	s->parked = self->vec.now - s->parked;
	dp_list_wake(self, slot);
}

void
dp_shape_adopt(struct dp_worker *self, uint16_t slot, const struct weft_port_conf *port)
{
	struct own_port *own = &self->own[slot];
	bool alone = own->gen && port->owner == self->w.id;
	uint16_t before = own->bucket;

	// What waits goes with the port.
	if (own->gen == 0 && own->held)
		count_out(self, &dp.shaper[slot]);
	// What it was called for and has not read yet is the others' again.
	if (before && own->held) {
		dp_bucket_settle(before, self->w.fenced, dp.shaper[slot].took, 0);
		dp.shaper[slot].took = 0;
	}
	own->renewed = true;
	if (own->parked)
		dp_shape_unpark(self, slot);
	dp_line_leave(self, slot, own->bucket);
	dp_line_leave(self, slot, WEFT_BUCKET_LINK);
	weft_wheel_remove(self->wheel, DP_WHEEL_QUEUES + slot);
	own->wire = port->tagging == WEFT_TAG_UPLINK;
	own->linked = alone && self->link && !own->wire;
	own->bucket = own->gen ? port->bucket : 0;
	own->plan = alone && port->plan ? port->plan : own->bucket || own->linked ? &no_plan : NULL;
	if (before)
		dp_bucket_next(self, before);
	if (dp_holds(self, slot))
		dp_shape_claim(self, slot);
}

void
dp_shape_claim(struct dp_worker *self, uint16_t slot)
{
	struct dp_shaper *s = &dp.shaper[slot];

	self->own[slot].renewed = true;
	if (likely(s->stats.n == 0))
		return;
	count_in(self, s);
	if (s->gen != self->own[slot].gen)
		dp_shape_empty(self, slot, true);
	else if (dp_paces(self, slot))
		weft_wheel_set(self->wheel, DP_WHEEL_QUEUES + slot, self->vec.now);
	else
		dp_shape_empty(self, slot, false);
}

void
dp_shape_each_waiting(uint16_t slot, void (*fn)(void *arg, const struct rte_mbuf *m), void *arg)
{
	for (unsigned int band = 0; band < DP_BANDS; band++)
		for (struct rte_mbuf *m = dp.shaper[slot].queue[band].head; m; m = waiting(m)->next)
			fn(arg, m);
}

void
weft_engine_plan_stats(uint16_t slot, struct weft_plan_stats *stats)
{
	const volatile struct weft_plan_stats *from = &dp.shaper[slot].stats;

	*stats = *(const struct weft_plan_stats *)(uintptr_t)from;
	stats->throttled = *(const volatile uint64_t *)&dp.shaper[slot].throttled;
}
