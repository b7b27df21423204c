// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connection tracking: whether a packet fits its connection, and how it changes it.
#pragma once

#include <netinet/in.h>

#include <rte_branch_prediction.h>

#include "pipeline/tables/sessions.h"
#include "weft/drop.h"
#include "weft/vec.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20

// One segment, in host order.
struct tcp_segment {
	uint32_t seq, ack;
	uint32_t end; // behind its last byte; SYN and FIN count as one each
	uint16_t win;
	uint8_t flags;
	bool cut; // a first fragment: the segment's end is not known
};

// Reads the segment of LANE whose header is at TCP; the parser has checked its length.
static inline struct tcp_segment
tcp_read(const uint8_t *tcp, const struct weft_lane *lane)
{
	struct tcp_segment seg;
	uint32_t word[2], header = (tcp[12] >> 4) * 4u;

	memcpy(word, tcp + 4, sizeof(word));
	seg.seq = rte_be_to_cpu_32(word[0]);
	seg.ack = rte_be_to_cpu_32(word[1]);
	seg.flags = tcp[13] & 0x3f;
	seg.win = (uint16_t)(tcp[14] << 8 | tcp[15]);
	seg.end = seg.seq + lane->l4_len - header + (seg.flags >> 1 & 1) + (seg.flags & 1);
	seg.cut = lane->flags & WEFT_LANE_FRAGMENT;
	return seg;
}

// Serial number arithmetic, RFC 1982.
static inline bool
tcp_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

// Whether end E opened the connection.
static inline bool
is_opener(const struct weft_session *s, unsigned int e)
{
	return e == (s->flags & WEFT_SESSION_BY_END1);
}

// Acknowledgments may lag behind by so many bytes, even if smaller windows were offered.
#define TCP_MIN_ACK_WINDOW 66000

// Whether SEG of end E lies in the windows of S, of which both ends have sent segments: it begins no later than the
// other end accepts, ends no earlier than the other end may want again, and acknowledges something recent that was
// sent.
static inline bool
tcp_in_window(const struct weft_session *s, unsigned int e, const struct tcp_segment *seg)
{
	const struct weft_tcp_end *from = &s->tcp[e], *to = &s->tcp[!e];
	uint32_t lag = RTE_MAX(from->max_win, (uint32_t)TCP_MIN_ACK_WINDOW);
	uint32_t late = from->max_end - seg->seq, early = seg->end - (from->end - to->max_win - 1);
	uint32_t future = to->end - seg->ack, past = seg->ack - (to->end - lag - 1);

	// Each is negative, as a serial number, where its bound is passed.
	return (int32_t)(late | early | future | past) >= 0;
}

// Notes that end E has sent up to END, offers a window of WIN, and accepts what is before TAKES.
static inline void
tcp_advance_to(struct weft_session *s, unsigned int e, uint32_t end, uint32_t win, uint32_t takes)
{
	struct weft_tcp_end *from = &s->tcp[e], *to = &s->tcp[!e];

	from->max_win = RTE_MAX(from->max_win, win);
	from->end = tcp_after(end, from->end) ? end : from->end;
	to->max_end = tcp_after(takes, to->max_end) ? takes : to->max_end;
}

// Notes what SEG of end E has sent and offered.
static inline void
tcp_advance(struct weft_session *s, unsigned int e, const struct tcp_segment *seg)
{
	uint32_t win = seg->flags & TCP_SYN ? seg->win : (uint32_t)seg->win << s->scale[e];

	tcp_advance_to(s, e, seg->end, win, seg->flags & TCP_ACK ? seg->ack + RTE_MAX(win, 1u) : s->tcp[!e].max_end);
}

// Return values of a tracker besides drop reasons.
#define TRACK_PASS   (-1)
#define TRACK_STRAY  (-3) // the packet passes, and says nothing about whether the connection lives
#define TRACK_REOPEN (-2) // the connection is closed, and the packet would open it again: it is judged as a new one

// Tracks SEG of end E in the connection S. Returns TRACK_PASS with S updated, TRACK_STRAY or TRACK_REOPEN, or a drop reason
// with S unchanged. TCP is the segment's header, for its options. In a DRY run S never changes. Owner worker.
int weft_track_tcp(struct weft_sessions *t, struct weft_session *s, unsigned int e, const struct tcp_segment *seg,
	const uint8_t *tcp, bool dry);

// Starts the new connection S, which end E opens with SEG; a SEG without SYN picks the connection up in the middle.
// Owner worker.
void weft_track_tcp_open(struct weft_session *s, unsigned int e, const struct tcp_segment *seg, const uint8_t *tcp);

// Whether the flags may be combined: returns -1, or the drop reason. SYN with FIN or RST, and no flag at all, may
// not.
static inline int
weft_track_tcp_flags(uint8_t flags)
{
	static const uint16_t bad = 1 << 0 | 1 << (TCP_SYN | TCP_FIN) | 1 << (TCP_SYN | TCP_RST) |
				    1 << (TCP_SYN | TCP_FIN | TCP_RST) | 1 << (TCP_FIN | TCP_RST) | 1 << TCP_FIN;
	unsigned int low = flags & (TCP_FIN | TCP_SYN | TCP_RST);

	if (likely(flags & TCP_ACK))
		return unlikely(low != 0 && low != TCP_FIN && (bad >> low & 1)) ? (int)WEFT_DROP_FW_TCP_FLAGS : -1;
	return unlikely(bad >> low & 1) ? (int)WEFT_DROP_FW_TCP_FLAGS : -1;
}

// Whether end E may have sent a segment with SEQ, which an ICMP error quotes.
bool weft_track_tcp_quoted(const struct weft_session *s, unsigned int e, uint32_t seq);

// Notes that end E has sent a packet: if E is not the opener, the connection, of a protocol without a handshake, has
// been answered.
static inline void
weft_track_answered(struct weft_sessions *t, struct weft_session *s, unsigned int e)
{
	if (unlikely(!is_opener(s, e) && weft_session_is_half(s->state)))
		weft_sessions_enter(t, s, s->state + 1);
}
