// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "pacer.h"

#include <rte_mbuf_dyn.h>

#include "dataplane/core/state.h"
#include "dataplane/core/write.h"
#include "pipeline/send/drop.h"
#include "weft/mark.h"

// The most frames that wait at one port, and the part of all packet buffers that may wait at all ports.
#define QUEUE_MOST  1024
#define QUEUE_LEAST 8
#define PACED_PART  2

// Classes of frames to an uplink, by their DSCP (RFC 4594, RFC 8622): voice, signalling and network control leave
// before the rest, and background traffic after it.
enum { BAND_FIRST, BAND_REST, BAND_LAST };
#define DSCP_CS5 40
#define DSCP_CS1 8
#define DSCP_LE	 1

int weft_pacer_offset = -1;

static struct weft_paced_frame *
paced(struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, weft_pacer_offset, struct weft_paced_frame *);
}

static unsigned int
band_of(const struct rte_mbuf *m)
{
	uint8_t dscp = weft_mark_dscp(m);

	return dscp >= DSCP_CS5 ? BAND_FIRST : dscp == DSCP_CS1 || dscp == DSCP_LE ? BAND_LAST : BAND_REST;
}

void
weft_pacer_count_in(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_shaper *s = &weft_shapers[slot];

	if (s->counted_by == self->w.id + 1)
		return;
	s->counted_by = self->w.id + 1;
	self->shaping.n_paced += s->stats.n;
}

void
weft_pacer_count_out(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_shaper *s = &weft_shapers[slot];

	if (s->counted_by != self->w.id + 1)
		return;
	s->counted_by = 0;
	self->shaping.n_paced -= s->stats.n;
}

// Takes the first frame of the first class that has one.
static struct rte_mbuf *
take_first(struct weft_shaper *s)
{
	struct weft_frame_queue *q = s->queue;
	struct rte_mbuf *m;

	while (q->head == NULL)
		q++;
	m = q->head;
	q->head = paced(m)->next;
	s->stats.n--;
	s->stats.bytes -= m->pkt_len;
	return m;
}

// Takes the first frames whose time has come, WEFT_BURST at most. Returns how many, and their length in *BYTES.
static uint16_t
take_due(struct weft_engine_worker *self, const struct weft_plan_limit *limit, struct weft_shaper *s, uint64_t now,
	struct rte_mbuf **pkts, uint64_t *bytes)
{
	int64_t left;
	uint16_t most = weft_plan_limit_allowed(limit, &s->to, now, WEFT_BURST, &left), n = 0;

	for (*bytes = 0; n < most && left > 0 && s->stats.n; n++) {
		struct rte_mbuf *m = take_first(s);
		uint64_t waited = now - paced(m)->since;

		s->stats.waited += waited;
		s->stats.longest = RTE_MAX(s->stats.longest, waited);
		if (unlikely(waited > limit->mark_after))
			s->stats.marked += weft_mark_congestion(m);
		left -= m->pkt_len;
		*bytes += m->pkt_len;
		pkts[n] = m;
	}
	self->shaping.n_paced -= n;
	return n;
}

void
weft_pacer_drain(struct weft_engine_worker *self, uint16_t slot, uint64_t now)
{
	const struct weft_plan_limit *limit = &self->own[slot].plan->to_vm;
	struct weft_shaper *s = weft_shaper_of(self, slot, now);
	struct rte_mbuf *pkts[WEFT_BURST];
	uint64_t bytes;
	uint16_t n;

	while (s->stats.n && (n = take_due(self, limit, s, now, pkts, &bytes)) > 0) {
		weft_plan_limit_spend(limit, &s->to, n, bytes);
		weft_write_port(self, slot, pkts, n);
	}
	if (s->stats.n)
		weft_wheel_set(self->shaping.wheel, WEFT_WHEEL_QUEUES + slot, weft_plan_limit_next(limit, &s->to));
}

// Whether one more frame may wait. No port takes all of its worker's share of the packet buffers, and all ports
// together take no more than that. Frames of an uplink's first class may fill its queue by a quarter more.
static bool
has_room(const struct weft_engine_worker *self, const struct weft_shaper *s, const struct weft_plan_limit *limit,
	uint32_t len, unsigned int band)
{
	uint32_t share = weft_engine.config.n_mbufs / PACED_PART / weft_engine.n_workers;
	uint32_t most = RTE_MAX(RTE_MIN(share / 4, (uint32_t)QUEUE_MOST), (uint32_t)QUEUE_LEAST);
	uint32_t queue = band == BAND_FIRST ? limit->queue / 4 * 5 : limit->queue;

	return s->stats.bytes + len <= queue && s->stats.n < most && self->shaping.n_paced < share;
}

static void
append(struct weft_engine_worker *self, uint16_t slot, struct rte_mbuf *m, unsigned int band)
{
	struct weft_shaper *s = &weft_shapers[slot];
	struct weft_frame_queue *q = &s->queue[band];

	weft_pacer_count_in(self, slot);
	*paced(m) = (struct weft_paced_frame){ .since = self->vec.now };
	if (q->head)
		paced(q->tail)->next = m;
	else
		q->head = m;
	q->tail = m;
	s->stats.n++;
	s->stats.bytes += m->pkt_len;
	self->shaping.n_paced++;
}

void
weft_pacer_send(struct weft_engine_worker *self, uint16_t slot, struct rte_mbuf **pkts, uint16_t n)
{
	const struct weft_plan_limit *limit = &self->own[slot].plan->to_vm;
	struct weft_shaper *s = &weft_shapers[slot];
	bool idle = s->stats.n == 0, uplink = self->own[slot].is_uplink;

	for (uint16_t i = 0; i < n; i++) {
		unsigned int band = uplink ? band_of(pkts[i]) : BAND_REST;

		if (likely(has_room(self, s, limit, pkts[i]->pkt_len, band))) {
			append(self, slot, pkts[i], band);
			continue;
		}
		self->w.counters.port[slot].tx_lost++;
		s->stats.dropped++;
		weft_drop_mbuf(&self->w, pkts[i], WEFT_DROP_OUT_PLAN);
	}
	if (idle)
		weft_pacer_drain(self, slot, self->vec.now);
}

// Takes a frame that waits at SLOT, whether its time has come or not; NULL: none waits.
static struct rte_mbuf *
take_any(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_shaper *s = &weft_shapers[slot];

	weft_pacer_count_in(self, slot);
	if (s->stats.n == 0)
		return NULL;
	self->shaping.n_paced--;
	return take_first(s);
}

void
weft_pacer_send_all(struct weft_engine_worker *self, uint16_t slot)
{
	struct rte_mbuf *m;

	while ((m = take_any(self, slot)) != NULL)
		weft_write_port(self, slot, &m, 1);
}

void
weft_pacer_drop_all(struct weft_engine_worker *self, uint16_t slot)
{
	struct rte_mbuf *m;

	while ((m = take_any(self, slot)) != NULL) {
		self->w.counters.port[slot].tx_lost++;
		weft_drop_mbuf(&self->w, m, WEFT_DROP_OUT_PORT_GONE);
	}
}

void
weft_pacer_each(uint16_t slot, void (*fn)(void *arg, const struct rte_mbuf *m), void *arg)
{
	for (unsigned int band = 0; band < WEFT_N_BANDS; band++)
		for (struct rte_mbuf *m = weft_shapers[slot].queue[band].head; m; m = paced(m)->next)
			fn(arg, m);
}
