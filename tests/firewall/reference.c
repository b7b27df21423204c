// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections in a list, which is searched from its start.
#include "reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference_tcp.h"

// A datagram whose first fragment has passed.
struct datagram {
	bool used;
	struct ref_packet first;
	uint32_t covered; // bytes of it that first fragments had
};

struct reference {
	const struct weft_model *model;
	const uint32_t *timeouts;
	uint32_t now;
	struct conn conn[REF_CONNS];
	struct datagram datagram[REF_DATAGRAMS];
};

struct reference *
reference_new(const struct weft_model *model, const uint32_t *timeouts)
{
	struct reference *ref = calloc(1, sizeof(*ref));

	ref->model = model;
	ref->timeouts = timeouts;
	return ref;
}

void
reference_free(struct reference *ref)
{
	free(ref);
}

unsigned int
reference_count(const struct reference *ref)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < REF_CONNS; i++)
		n += ref->conn[i].used;
	return n;
}

static int
place(int slot)
{
	return slot == REF_PORTS ? 0 : slot;
}

static bool
is_icmp(uint8_t proto)
{
	return proto == 1 || proto == 58;
}

static bool
same_addr(const uint8_t *a, const uint8_t *b, bool v6)
{
	return memcmp(a, b, v6 ? 16 : 4) == 0;
}

// Whether P belongs to C; *REPLY says in which direction.
static bool
belongs(const struct conn *c, const struct ref_packet *p, bool *reply)
{
	const struct ref_packet *o = &c->open;
	bool asks = p->icmp_type == 8 || p->icmp_type == 128;

	if (!c->used || o->v6 != p->v6 || o->proto != p->proto)
		return false;
	// An ICMP query is its asker's: a reply goes the other way.
	if (is_icmp(p->proto) && asks != (place(p->in) == c->slot[0] && same_addr(p->src, o->src, p->v6)))
		return false;
	if (place(p->in) == c->slot[0] && place(p->out) == c->slot[1] && same_addr(p->src, o->src, p->v6) &&
		same_addr(p->dst, o->dst, p->v6) && p->sport == o->sport &&
		(is_icmp(p->proto) || p->dport == o->dport)) {
		*reply = false;
		return true;
	}
	*reply = true;
	return place(p->in) == c->slot[1] && place(p->out) == c->slot[0] && same_addr(p->src, o->dst, p->v6) &&
	       same_addr(p->dst, o->src, p->v6) &&
	       (is_icmp(p->proto) ? p->sport == o->sport : p->sport == o->dport && p->dport == o->sport);
}

static struct conn *
find(struct reference *ref, const struct ref_packet *p, bool *reply)
{
	for (unsigned int i = 0; i < REF_CONNS; i++)
		if (belongs(&ref->conn[i], p, reply))
			return &ref->conn[i];
	return NULL;
}

// Whether both ends' rules allow what P opens.
static bool
allowed(const struct reference *ref, const struct ref_packet *p, int from, int to, bool *stateless)
{
	bool s[2] = { false, false };
	int out = from ? reference_rules(ref->model, from, true, p, &s[0]) : -1;
	int in = to ? reference_rules(ref->model, to, false, p, &s[1]) : -1;

	*stateless = (out == WEFT_ALLOW && s[0]) || (in == WEFT_ALLOW && s[1]);
	return (out < 0 || out == WEFT_ALLOW) && (in < 0 || in == WEFT_ALLOW);
}

// Whether what C is denied by wants its ends to be told: then it waits for a packet that can be answered.
static bool
waits(const struct reference *ref, const struct conn *c)
{
	bool s;
	int out = c->slot[0] ? reference_rules(ref->model, c->slot[0], true, &c->open, &s) : -1;
	int in = c->slot[1] ? reference_rules(ref->model, c->slot[1], false, &c->open, &s) : -1;

	return out == WEFT_REJECT || (out != WEFT_DENY && in == WEFT_REJECT);
}

// 1, 2, 0, -1 as above.
static int
follow(struct conn *c, const struct ref_packet *p, bool reply)
{
	if (p->proto == 6)
		return ref_tcp(c, p, reply);
	if (reply && c->state == WEFT_SESSION_UDP_SINGLE)
		c->state = WEFT_SESSION_UDP_STREAM;
	if (reply && c->state == WEFT_SESSION_OTHER_SINGLE)
		c->state = WEFT_SESSION_OTHER_STREAM;
	return 1;
}

static bool
open_new(struct reference *ref, const struct ref_packet *p)
{
	bool stateless, may = true, rules = allowed(ref, p, place(p->in), place(p->out), &stateless);

	if (p->proto == 6 && !ref_flags_make_sense(p->flags))
		return false;
	if (p->proto == 6)
		may = (p->flags & (SYN | ACK | RST)) == SYN;
	if (is_icmp(p->proto))
		may = p->icmp_type == 8 || p->icmp_type == 128;
	if (!rules || stateless || !may)
		return rules && stateless;
	for (unsigned int i = 0; i < REF_CONNS; i++) {
		struct conn *c = &ref->conn[i];

		if (c->used)
			continue;
		*c = (struct conn){
			.used = true, .slot = { place(p->in), place(p->out) }, .open = *p, .seen = ref->now
		};
		c->state = p->proto == 6       ? WEFT_SESSION_SYN_SENT
			   : p->proto == 17    ? WEFT_SESSION_UDP_SINGLE
			   : is_icmp(p->proto) ? WEFT_SESSION_ECHO
					       : WEFT_SESSION_OTHER_SINGLE;
		c->end[0].end = c->end[1].end = INT64_C(1) << 40;
		if (p->proto == 6)
			ref_start_end(c, 0, p, 0);
		return true;
	}
	abort();
}

// Whether an error speaks of a packet that went the other way in a connection there is.
static bool
error_fits(struct reference *ref, const struct ref_packet *p)
{
	struct ref_packet quoted = {
		.in = p->out,
		.out = p->in,
		.v6 = p->v6,
		.proto = p->q_proto,
		.sport = p->q_sport,
		.dport = p->q_dport,
		.icmp_type = p->v6 ? 128 : 8, // queries are what is quoted
	};
	bool reply, stateless;
	struct conn *c;

	memcpy(quoted.src, p->q_src, 16);
	memcpy(quoted.dst, p->q_dst, 16);
	if (!same_addr(p->dst, p->q_src, p->v6))
		return false;
	c = find(ref, &quoted, &reply);
	if (c == NULL || !allowed(ref, &c->open, c->slot[0], c->slot[1], &stateless))
		return false;
	if (p->q_proto == 6 && !c->liberal) {
		const struct end *me = &c->end[reply];
		int64_t seq = unwrap(p->q_seq, me->end), window = c->end[!reply].window;

		return seq <= me->end && seq >= me->end - (window > 66000 ? window : 66000) - 1;
	}
	return true;
}

static bool
same_datagram(const struct ref_packet *a, const struct ref_packet *b)
{
	return a->v6 == b->v6 && a->in == b->in && a->out == b->out && a->proto == b->proto &&
	       a->frag_id == b->frag_id && same_addr(a->src, b->src, a->v6) && same_addr(a->dst, b->dst, a->v6);
}

static bool
later_fragment(struct reference *ref, const struct ref_packet *p)
{
	for (unsigned int i = 0; i < REF_DATAGRAMS; i++)
		if (ref->datagram[i].used && same_datagram(&ref->datagram[i].first, p))
			return p->frag_off >= ref->datagram[i].covered;
	return false;
}

static void
note_first(struct reference *ref, const struct ref_packet *p)
{
	uint32_t covered = p->payload + (p->proto == 6 ? (p->scale >= 0 ? 24 : 20) : 8);

	for (unsigned int i = 0; i < REF_DATAGRAMS; i++) {
		struct datagram *d = &ref->datagram[i];

		if (d->used && same_datagram(&d->first, p)) {
			d->covered = covered;
			return;
		}
	}
	for (unsigned int i = 0; i < REF_DATAGRAMS; i++) {
		if (ref->datagram[i].used)
			continue;
		ref->datagram[i] = (struct datagram){ true, *p, covered };
		return;
	}
	abort();
}

bool
reference_judge(struct reference *ref, const struct ref_packet *p)
{
	bool reply, stateless, pass;
	struct conn *c;
	int verdict = -1;

	if (!reference_owns(ref->model, p))
		return false;
	if (p->fragment == 2)
		return later_fragment(ref, p);
	if (p->is_error)
		return error_fits(ref, p);
	c = find(ref, p, &reply);
	// Every packet is judged by the rules of now, as the one that opened its connection.
	if (c && !allowed(ref, &c->open, c->slot[0], c->slot[1], &stateless)) {
		c->used = false;
		return false;
	}
	if (c && stateless) {
		c->used = false;
		c = NULL;
	}
	if (c) {
		verdict = follow(c, p, reply);
		if (verdict < 0)
			c->used = false;
		else if (verdict == 1)
			c->seen = ref->now;
	}
	pass = verdict < 0 ? open_new(ref, p) : verdict != 0;
	if (pass && p->fragment)
		note_first(ref, p);
	return pass;
}

void
reference_sweep(struct reference *ref, uint32_t seconds)
{
	ref->now = seconds;
	for (unsigned int i = 0; i < REF_CONNS; i++) {
		struct conn *c = &ref->conn[i];
		bool stateless;

		if (!c->used)
			continue;
		if (seconds - c->seen > ref->timeouts[c->state])
			c->used = false;
		else if (!allowed(ref, &c->open, c->slot[0], c->slot[1], &stateless))
			c->used = waits(ref, c);
		else if (stateless)
			c->used = false;
	}
	// Fragments are not told by the clock here: the test moves it far enough for all of them to be too old.
	memset(ref->datagram, 0, sizeof(ref->datagram));
}

void
reference_show(struct reference *ref, const struct ref_packet *p)
{
	bool reply, stateless;
	const struct conn *c = find(ref, p, &reply);

	if (c == NULL) {
		printf("  the reference knows no connection; rules %s\n",
			allowed(ref, p, place(p->in), place(p->out), &stateless) ? "allow" : "do not allow");
		return;
	}
	printf("  the reference's connection: state %s%s, %s", weft_session_state_name(c->state),
		c->liberal ? ", liberal" : "", reply ? "reply" : "opener");
	for (int e = 0; e < 2; e++)
		printf(", end %d: spoke %d sent %u limit %u window %lld", e, c->end[e].spoke, (uint32_t)c->end[e].end,
			(uint32_t)c->end[e].limit, (long long)c->end[e].window);
	printf("\n");
}
