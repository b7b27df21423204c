// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Tracks TCP: the states of a connection (RFC 9293), and the windows in which its segments must lie (Guido van
// Rooij, "Real Stateful TCP Packet Filtering in IP Filter", 2001). Resets follow RFC 5961: one with the exact
// sequence number closes the connection; one elsewhere in the window passes, and the receiver answers it.
#include "track_tcp.h"

#define OPTION_END    0
#define OPTION_NOP    1
#define OPTION_SCALE  3
#define MAX_SCALE     14 // RFC 7323, 2.3
#define SCALE_UNKNOWN 0xff

#define TRACK_ANEW (-4) // the connection begins anew, with the segment at hand

static inline uint8_t
fin_bit(unsigned int e)
{
	return WEFT_SESSION_FIN0 << e;
}

static inline uint8_t
acked_bit(unsigned int e)
{
	return WEFT_SESSION_ACKED0 << e;
}

// The window scale that a SYN offers, or SCALE_UNKNOWN. The parser has checked the header's length.
static uint8_t
read_scale(const uint8_t *tcp)
{
	unsigned int end = (tcp[12] >> 4) * 4;

	for (unsigned int at = 20; at < end && tcp[at] != OPTION_END;) {
		if (tcp[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 2 > end || tcp[at + 1] < 2 || at + tcp[at + 1] > end)
			break;
		if (tcp[at] == OPTION_SCALE && tcp[at + 1] == 3)
			return RTE_MIN(tcp[at + 2], MAX_SCALE);
		at += tcp[at + 1];
	}
	return SCALE_UNKNOWN;
}

static void
set_scale(struct weft_session *s, unsigned int e, uint8_t scale)
{
	s->scale[e] = scale == SCALE_UNKNOWN ? 0 : scale;
	if (scale == SCALE_UNKNOWN || s->flags & WEFT_SESSION_NO_SCALE) {
		s->flags |= WEFT_SESSION_NO_SCALE;
		s->scale[0] = s->scale[1] = 0;
	}
}

// Notes the opener's SYN, which begins the connection. It may have data (RFC 7413), and the answer acknowledges any part of
// them: what is acknowledged lies from max_end to end until then.
static void
start_opener(struct weft_session *s, unsigned int e, const struct weft_session_syn *syn)
{
	struct weft_tcp_end *from = &s->tcp[e];
	bool again = from->max_win && from->max_end == syn->start && tcp_after(from->end, syn->end);

	s->flags &= ~WEFT_SESSION_NO_SCALE;
	from->end = again ? from->end : syn->end;
	from->max_end = syn->start;
	from->max_win = RTE_MAX(syn->win, 1);
	set_scale(s, e, syn->scale);
}

static struct weft_session_syn
syn_of(const struct tcp_segment *seg, const uint8_t *tcp)
{
	return (struct weft_session_syn){ .start = seg->seq + 1,
		.end = seg->end,
		.win = seg->win,
		.scale = seg->cut ? SCALE_UNKNOWN : read_scale(tcp) };
}

// Notes a SYN of end E: its first segment, or a repetition.
static void
start_end(struct weft_session *s, unsigned int e, const struct tcp_segment *seg, const uint8_t *tcp)
{
	const struct weft_session_syn syn = syn_of(seg, tcp);

	if (s->state == WEFT_SESSION_SYN_SENT && is_opener(s, e)) {
		start_opener(s, e, &syn);
		return;
	}
	s->tcp[e].end = syn.end;
	s->tcp[e].max_win = RTE_MAX(syn.win, 1);
	// The window of the opener's SYN may be filled before it has acknowledged anything.
	if (s->tcp[e].max_end == 0)
		s->tcp[e].max_end = syn.start + s->tcp[!e].max_win;
	set_scale(s, e, syn.scale);
}

void
weft_track_tcp_open(struct weft_session *s, unsigned int e, const struct tcp_segment *seg, const uint8_t *tcp)
{
	if (seg->flags & TCP_SYN) {
		s->state = WEFT_SESSION_SYN_SENT;
		start_end(s, e, seg, tcp);
		return;
	}
	// Picked up in the middle: the scale of the windows is not known, so that they cannot be checked.
	s->state = WEFT_SESSION_ESTABLISHED;
	s->flags |= WEFT_SESSION_LIBERAL;
	s->tcp[e].end = seg->end;
	s->tcp[!e].end = seg->ack;
}

// The same for a connection of which one end may not have sent a segment yet.
static bool
in_window(const struct weft_session *s, unsigned int e, const struct tcp_segment *seg)
{
	return s->tcp[!e].max_win == 0 || tcp_in_window(s, e, seg);
}

// Changes the state by a segment without SYN and RST.
static void
change_state(struct weft_sessions *t, struct weft_session *s, unsigned int e, const struct tcp_segment *seg)
{
	const uint8_t both = WEFT_SESSION_ACKED0 | WEFT_SESSION_ACKED1;
	enum weft_session_state state = s->state;

	// A closed connection stays closed.
	if (state == WEFT_SESSION_CLOSED)
		return;
	// The other end may have sent data already, of which the opener acknowledges a part.
	if (state == WEFT_SESSION_SYN_RECEIVED && (seg->flags & TCP_ACK) &&
		(is_opener(s, e) || seg->ack == s->tcp[!e].end))
		state = WEFT_SESSION_ESTABLISHED;
	if (seg->flags & TCP_FIN)
		s->flags |= fin_bit(e);
	if ((s->flags & fin_bit(!e)) && (seg->flags & TCP_ACK) && seg->ack == s->tcp[!e].end)
		s->flags |= acked_bit(!e);
	if ((s->flags & both) == both)
		state = WEFT_SESSION_CLOSED;
	else if ((s->flags & fin_bit(e)) && (s->flags & fin_bit(!e)))
		state = WEFT_SESSION_LAST_ACK;
	else if (s->flags & (fin_bit(e) | fin_bit(!e)))
		state = WEFT_SESSION_FIN;
	if (state != s->state)
		weft_sessions_enter(t, s, state);
}

// Whether ACK acknowledges the opener's SYN, which may have data, in S, of which the other end has sent nothing.
static bool
acknowledges_syn(const struct weft_tcp_end *opener, uint32_t ack)
{
	return !tcp_after(opener->max_end, ack) && !tcp_after(ack, opener->end);
}

// Remembers a SYN of the opener that the other end may accept as a new connection's.
static void
remember_syn(struct weft_sessions *t, const struct weft_session *s, const struct tcp_segment *seg, const uint8_t *tcp)
{
	uint32_t record = (uint32_t)(s - t->rec);

	t->syn[record % WEFT_SESSION_SYNS] = syn_of(seg, tcp);
	t->syn[record % WEFT_SESSION_SYNS].record = record;
}

// A SYN in a connection that is under way. The receiver answers with an acknowledgment that tells the sender the state (RFC
// 5961, 4), or it has lost the connection too, and accepts. Nothing changes until then.
static int
take_stray_syn(struct weft_sessions *t, struct weft_session *s, unsigned int e, const struct tcp_segment *seg,
	const uint8_t *tcp, bool dry)
{
	uint32_t record = (uint32_t)(s - t->rec);
	struct weft_session_syn *syn = &t->syn[record % WEFT_SESSION_SYNS];

	if (!(seg->flags & TCP_ACK)) {
		if (is_opener(s, e) && !dry)
			remember_syn(t, s, seg, tcp);
		return TRACK_STRAY;
	}
	if (!is_opener(s, e) && syn->record == record && !tcp_after(syn->start, seg->ack) &&
		!tcp_after(seg->ack, syn->end)) {
		if (dry)
			return TRACK_PASS;
		s->flags &= WEFT_SESSION_BY_END1 | WEFT_SESSION_LIBERAL;
		// Two answers to one SYN, with SYN cookies: which of them the opener has got is not known.
		if (s->state == WEFT_SESSION_SYN_RECEIVED && syn->end == s->tcp[!e].end)
			s->flags |= WEFT_SESSION_LIBERAL;
		s->tcp[0] = s->tcp[1] = (struct weft_tcp_end){ 0 };
		weft_sessions_enter(t, s, WEFT_SESSION_SYN_SENT);
		start_opener(s, !e, syn);
		syn->record = 0;
		return TRACK_ANEW;
	}
	return s->flags & WEFT_SESSION_LIBERAL || in_window(s, e, seg) ? TRACK_PASS : (int)WEFT_DROP_FW_TCP_WINDOW;
}

// A SYN in a known connection.
static int
take_syn(struct weft_sessions *t, struct weft_session *s, unsigned int e, const struct tcp_segment *seg,
	const uint8_t *tcp, bool dry)
{
	bool opener = is_opener(s, e);
	int ret;

	if (s->state == WEFT_SESSION_CLOSED)
		return seg->flags & TCP_ACK ? (int)WEFT_DROP_FW_STATE : TRACK_REOPEN;
	if ((s->state != WEFT_SESSION_SYN_SENT && s->state != WEFT_SESSION_SYN_RECEIVED) ||
		(s->state == WEFT_SESSION_SYN_RECEIVED && s->tcp[e].max_win && seg->end != s->tcp[e].end)) {
		ret = take_stray_syn(t, s, e, seg, tcp, dry);
		if (ret != TRACK_ANEW)
			return ret;
	}
	if (!opener && (seg->flags & TCP_ACK) &&
		!(s->state == WEFT_SESSION_SYN_SENT ? acknowledges_syn(&s->tcp[!e], seg->ack) : in_window(s, e, seg)))
		return WEFT_DROP_FW_TCP_WINDOW;
	if (opener && (seg->flags & TCP_ACK) && s->state == WEFT_SESSION_SYN_SENT)
		return WEFT_DROP_FW_STATE;
	if (dry)
		return TRACK_PASS;
	if (opener && s->state == WEFT_SESSION_SYN_RECEIVED)
		remember_syn(t, s, seg, tcp);
	start_end(s, e, seg, tcp);
	if (seg->flags & TCP_ACK)
		tcp_advance(s, e, seg);
	if (!opener && s->state == WEFT_SESSION_SYN_SENT)
		weft_sessions_enter(t, s, WEFT_SESSION_SYN_RECEIVED);
	return TRACK_PASS;
}

static int
take_rst(struct weft_sessions *t, struct weft_session *s, unsigned int e, const struct tcp_segment *seg, bool dry)
{
	const struct weft_tcp_end *from = &s->tcp[e], *to = &s->tcp[!e];
	bool opener = is_opener(s, e), exact = seg->seq == from->end;

	// The opener may reset a former connection that the other end still has: that does not reset this one.
	if (s->state == WEFT_SESSION_SYN_SENT && opener && !exact)
		return TRACK_PASS;
	if (s->flags & WEFT_SESSION_LIBERAL) {
		exact = true;
	} else if (from->max_win == 0) {
		// The other end refuses the connection: it must acknowledge the SYN (RFC 9293, 3.5.2).
		if (!(seg->flags & TCP_ACK) || !acknowledges_syn(to, seg->ack))
			return WEFT_DROP_FW_TCP_WINDOW;
		exact = true;
	} else if (tcp_after(seg->seq, from->max_end) ||
		   tcp_after(from->end - RTE_MAX(to->max_win, 1u) - 1, seg->seq)) {
		return WEFT_DROP_FW_TCP_WINDOW;
	}
	if (exact && !dry && s->state != WEFT_SESSION_CLOSED)
		weft_sessions_enter(t, s, WEFT_SESSION_CLOSED);
	return TRACK_PASS;
}

int
weft_track_tcp(struct weft_sessions *t, struct weft_session *s, unsigned int e, const struct tcp_segment *seg,
	const uint8_t *tcp, bool dry)
{
	int bad = weft_track_tcp_flags(seg->flags);

	if (unlikely(bad >= 0))
		return bad;
	if (unlikely(seg->flags & TCP_SYN))
		return take_syn(t, s, e, seg, tcp, dry);
	if (unlikely(seg->flags & TCP_RST))
		return take_rst(t, s, e, seg, dry);
	// The opener waits for the other end, which may still send segments of a former connection (RFC 9293,
	// 3.5.1).
	if (unlikely(s->state == WEFT_SESSION_SYN_SENT))
		return is_opener(s, e) ? (int)WEFT_DROP_FW_STATE : TRACK_PASS;
	// A refused connection has no segments.
	if (unlikely(s->state == WEFT_SESSION_CLOSED && !(s->flags & WEFT_SESSION_LIBERAL) &&
		     (s->tcp[0].max_win == 0 || s->tcp[1].max_win == 0)))
		return WEFT_DROP_FW_STATE;
	if (unlikely(seg->cut) && !dry)
		s->flags |= WEFT_SESSION_LIBERAL;
	if (likely(!(s->flags & WEFT_SESSION_LIBERAL)) && unlikely(!in_window(s, e, seg)))
		return WEFT_DROP_FW_TCP_WINDOW;
	if (unlikely(dry))
		return TRACK_PASS;
	tcp_advance(s, e, seg);
	if (unlikely(s->state != WEFT_SESSION_ESTABLISHED || (seg->flags & TCP_FIN)))
		change_state(t, s, e, seg);
	return TRACK_PASS;
}

bool
weft_track_tcp_quoted(const struct weft_session *s, unsigned int e, uint32_t seq)
{
	const struct weft_tcp_end *from = &s->tcp[e];
	uint32_t span = RTE_MAX(s->tcp[!e].max_win, (uint32_t)TCP_MIN_ACK_WINDOW);

	return s->flags & WEFT_SESSION_LIBERAL || (!tcp_after(seq, from->end) && !tcp_after(from->end - span - 1, seq));
}
