// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "reference_tcp.h"

#include <string.h>

static struct syn
syn_of(const struct ref_packet *p)
{
	return (struct syn){ true, p->seq + 1, p->payload, p->win ? p->win : 1, p->fragment ? -1 : p->scale };
}

static void
set_scale(struct conn *c, int e, int scale)
{
	c->end[e].scale = scale < 0 ? 0 : scale > 14 ? 14 : scale;
	if (scale < 0 || c->no_scale) {
		c->no_scale = true;
		c->end[0].scale = c->end[1].scale = 0;
	}
}

// The opener begins. What it has sent with its SYN may be acknowledged in part.
static void
start_opener(struct conn *c, const struct syn *syn)
{
	struct end *me = &c->end[0];
	int64_t start = unwrap(syn->start, me->end), end = start + syn->len;
	bool same = me->spoke && me->limit == start;

	c->no_scale = false;
	me->end = same && me->end > end ? me->end : end;
	me->limit = start;
	me->window = syn->window;
	me->spoke = true;
	set_scale(c, 0, syn->scale);
}

void
ref_start_end(struct conn *c, int e, const struct ref_packet *p, int64_t end)
{
	struct syn syn = syn_of(p);

	if (c->state == WEFT_SESSION_SYN_SENT && e == 0) {
		start_opener(c, &syn);
		return;
	}
	if (!c->end[e].spoke || c->end[e].limit == 0)
		c->end[e].limit = end - syn.len + c->end[!e].window;
	c->end[e].end = end;
	c->end[e].window = syn.window;
	c->end[e].spoke = true;
	set_scale(c, e, syn.scale);
}

static bool
fits(const struct conn *c, int e, int64_t seq, int64_t end, int64_t ack)
{
	const struct end *me = &c->end[e], *peer = &c->end[!e];
	int64_t lag = me->window > 66000 ? me->window : 66000;

	if (!peer->spoke)
		return true;
	return seq <= me->limit && end >= me->end - peer->window - 1 && ack <= peer->end && ack >= peer->end - lag - 1;
}

static void
move_on(struct conn *c, int e, const struct ref_packet *p, int64_t end, int64_t ack)
{
	struct end *me = &c->end[e], *peer = &c->end[!e];
	int64_t window = p->flags & SYN ? p->win : (int64_t)p->win << me->scale;

	me->window = window > me->window ? window : me->window;
	me->end = end > me->end ? end : me->end;
	if (p->flags & ACK && ack + (window ? window : 1) > peer->limit)
		peer->limit = ack + (window ? window : 1);
}

bool
ref_flags_make_sense(uint8_t flags)
{
	int n = (flags & SYN ? 1 : 0) + (flags & RST ? 1 : 0) + (flags & FIN ? 1 : 0);

	return n <= 1 && ((flags & ACK) || (flags & SYN) || (flags & RST));
}

static int64_t
length_of(const struct ref_packet *p)
{
	return p->payload + (p->flags & SYN ? 1 : 0) + (p->flags & FIN ? 1 : 0);
}

// Both ends have lost the connection, and begin it anew: the opener by a SYN from before, the other end by P.
static bool
begins_anew(struct conn *c, const struct ref_packet *p, int e)
{
	struct syn syn = c->syn;

	if (e == 0 || !syn.there || (uint32_t)(p->ack - syn.start) > syn.len)
		return false;
	c->liberal =
		c->liberal || (c->state == WEFT_SESSION_SYN_RECEIVED && syn.start + syn.len == (uint32_t)c->end[0].end);
	memset(c->end, 0, sizeof(c->end));
	c->end[0].end = c->end[1].end = INT64_C(1) << 40;
	memset(&c->syn, 0, sizeof(c->syn));
	c->state = WEFT_SESSION_SYN_SENT;
	start_opener(c, &syn);
	return true;
}

// 1: passes; 2: passes, and does not show that the connection lives; 0: does not pass; -1: may open the connection anew.
static int
take_syn(struct conn *c, const struct ref_packet *p, int e)
{
	struct end *me = &c->end[e], *peer = &c->end[!e];
	int64_t seq = unwrap(p->seq, me->end), end = seq + length_of(p), ack = unwrap(p->ack, peer->end);

	if (c->state == WEFT_SESSION_CLOSED)
		return p->flags & ACK ? 0 : -1;
	if ((c->state != WEFT_SESSION_SYN_SENT && c->state != WEFT_SESSION_SYN_RECEIVED) ||
		(c->state == WEFT_SESSION_SYN_RECEIVED && me->spoke && end != me->end)) {
		if (!(p->flags & ACK) && e == 0)
			c->syn = syn_of(p);
		if (!(p->flags & ACK))
			return 2;
		if (!begins_anew(c, p, e))
			return c->liberal || fits(c, e, seq, end, ack);
		seq = unwrap(p->seq, me->end), end = seq + length_of(p), ack = unwrap(p->ack, peer->end);
	}
	if (e == 1 && p->flags & ACK &&
		!(c->state == WEFT_SESSION_SYN_SENT ? ack >= peer->limit && ack <= peer->end
						    : fits(c, e, seq, end, ack)))
		return 0;
	if (e == 0 && p->flags & ACK && c->state == WEFT_SESSION_SYN_SENT)
		return 0;
	if (e == 0 && c->state == WEFT_SESSION_SYN_RECEIVED)
		c->syn = syn_of(p);
	ref_start_end(c, e, p, end);
	if (p->flags & ACK)
		move_on(c, e, p, end, ack);
	if (e == 1 && c->state == WEFT_SESSION_SYN_SENT)
		c->state = WEFT_SESSION_SYN_RECEIVED;
	return 1;
}

int
ref_tcp(struct conn *c, const struct ref_packet *p, int e)
{
	struct end *me = &c->end[e], *peer = &c->end[!e];
	int64_t seq = unwrap(p->seq, me->end), end = seq + length_of(p), ack = unwrap(p->ack, peer->end);

	if (!ref_flags_make_sense(p->flags))
		return 0;
	if (p->flags & SYN)
		return take_syn(c, p, e);
	if (p->flags & RST) {
		bool exact = seq == me->end;

		if (c->state == WEFT_SESSION_SYN_SENT && e == 0 && !exact)
			return 1;
		if (c->liberal)
			exact = true;
		else if (!me->spoke) {
			if (!(p->flags & ACK) || ack < peer->limit || ack > peer->end)
				return 0;
			exact = true;
		} else if (seq > me->limit || seq < me->end - (peer->window ? peer->window : 1) - 1)
			return 0;
		if (exact)
			c->state = WEFT_SESSION_CLOSED;
		return 1;
	}
	if (c->state == WEFT_SESSION_SYN_SENT)
		return e == 1;
	if (c->state == WEFT_SESSION_CLOSED && !c->liberal && !(me->spoke && peer->spoke))
		return 0;
	if (p->fragment)
		c->liberal = true;
	if (!c->liberal && !fits(c, e, seq, end, ack))
		return 0;
	move_on(c, e, p, end, ack);
	if (c->state == WEFT_SESSION_CLOSED)
		return 1;
	if (c->state == WEFT_SESSION_SYN_RECEIVED && (e == 0 || ack == peer->end))
		c->state = WEFT_SESSION_ESTABLISHED;
	if (p->flags & FIN)
		me->fin = true;
	if (peer->fin && ack == peer->end)
		peer->fin_acked = true;
	if (me->fin_acked && peer->fin_acked)
		c->state = WEFT_SESSION_CLOSED;
	else if (me->fin && peer->fin)
		c->state = WEFT_SESSION_LAST_ACK;
	else if (me->fin || peer->fin)
		c->state = WEFT_SESSION_FIN;
	return 1;
}
