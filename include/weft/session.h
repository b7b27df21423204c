// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections. Each worker has a table of its own. A record stands for both directions, and for the decisions of the
// rules at both ends. It has no pointers, so that it can be copied to another worker.
//
// The ends are 0 and 1: end 0 is the port with the lower slot, and everything beyond an uplink has slot 0. So both
// directions of a connection have the same key, without ordering addresses; and the same addresses between other
// ports (a router in the network) are another connection. The home of a connection is the port in slot[0], or in
// slot[1] if slot[0] is beyond an uplink: the worker that owns this port has the record.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "weft/limits.h"

struct weft_worker;

enum weft_session_state {
	WEFT_SESSION_FREE,
	WEFT_SESSION_SYN_SENT,	   // TCP: one end has sent a SYN
	WEFT_SESSION_SYN_RECEIVED, // TCP: both ends have
	WEFT_SESSION_ESTABLISHED,  // TCP
	WEFT_SESSION_FIN,	   // TCP: one end has sent a FIN
	WEFT_SESSION_LAST_ACK,	   // TCP: both ends have
	WEFT_SESSION_CLOSED,	   // TCP: everything is acknowledged, or the connection was reset
	WEFT_SESSION_UDP_SINGLE,   // UDP: not answered
	WEFT_SESSION_UDP_STREAM,   // UDP
	WEFT_SESSION_ECHO,	   // ICMP: a query, answered or not
	WEFT_SESSION_OTHER_SINGLE, // other protocols, not answered
	WEFT_SESSION_OTHER_STREAM,
	WEFT_N_SESSION_STATES
};

enum weft_session_flags {
	WEFT_SESSION_BY_END1 = 1 << 0, // end 1 opened it
	WEFT_SESSION_LIBERAL = 1 << 1, // TCP: windows are not checked
	WEFT_SESSION_FIN0 = 1 << 2,    // TCP: end 0, or end 1, has sent a FIN
	WEFT_SESSION_FIN1 = 1 << 3,
	WEFT_SESSION_ACKED0 = 1 << 4, // TCP: the other end has acknowledged the FIN
	WEFT_SESSION_ACKED1 = 1 << 5,
	WEFT_SESSION_NO_SCALE = 1 << 6, // TCP: one end does not scale its windows
};

// The sequence numbers that one end of a TCP connection may send: Guido van Rooij, "Real Stateful TCP Packet Filtering
// in IP Filter" (2001).
struct weft_tcp_end {
	uint32_t end;	  // sequence number behind the last byte that it has sent
	uint32_t max_end; // sequence number behind the last byte that the other end accepts
	uint32_t max_win; // the largest window that it has offered, scaled
};

struct weft_session_key {
	uint32_t addr[2]; // IPv4, in network order; IPv6: folded
	uint16_t l4[2]; // ports in network order; ICMP queries: the identifier, and the query's type with the end that
			// asks
	uint16_t slot[2]; // ports of the switch
	uint16_t domain;
	uint8_t proto;
	uint8_t family; // 4, 6
};

struct weft_session {
	// The first cache line is all that most packets need.
	struct weft_session_key key;
	uint32_t judged; // version, its low half, of the snapshot that judged it: newer rules judge it again
	uint32_t seen;	 // seconds on the engine's clock
	uint8_t state;	 // enum weft_session_state
	uint8_t flags;	 // enum weft_session_flags
	uint8_t scale[2];
	struct weft_tcp_end tcp[2];
	uint32_t packets; // not yet added to the totals, nor to those of the rules
	uint32_t bytes;

	uint8_t addr6[2][16];
	uint64_t all_packets;
	uint64_t all_bytes;
	uint32_t counter[2]; // counters of the rules that allow it: the opener's out, and the other end's in
	uint32_t since;	     // when it was opened, in seconds on the engine's clock
	uint16_t account;    // port whose limits it counts against
	uint16_t reserved;
} __rte_cache_aligned;

static_assert(sizeof(struct weft_session_key) == 20, "keys are compared as two words and a half");
static_assert(offsetof(struct weft_session, addr6) == 64, "IPv4 packets need one line of a record");
static_assert(sizeof(struct weft_session) == 128, "a record is two lines");

// Counters of one rule on one worker.
struct weft_rule_stats {
	uint64_t packets;
	uint64_t bytes;
	uint64_t connections;
	uint32_t last; // when it last decided, in seconds on the engine's clock
	uint32_t reserved;
};

// One worker's counts against a port's limits.
struct weft_port_sessions {
	uint32_t n;	  // connections
	uint32_t n_half;  // connections without an answer
	uint32_t n_frags; // fragmented datagrams of which more fragments may come
	uint32_t reserved;
	uint64_t spent;	  // new connections: the time, in TSC, up to which its allowance is spent
	uint64_t replied; // answers to rejected packets, likewise
};

// A SYN of the opener in a connection that the switch still knows. If the other end acknowledges it, both have lost the
// connection, and it begins anew.
struct weft_session_syn {
	uint32_t record; // of its connection; 0: none
	uint32_t start;	 // sequence number behind the SYN itself
	uint32_t end;	 // and behind the data that came with it
	uint16_t win;	 // as on the wire
	uint8_t scale;	 // of its windows, or 0xff
};

// Such SYNs have a place by their record. Two records that share one lose the older SYN, and nothing else.
#define WEFT_SESSION_SYNS 1024

#define WEFT_SESSION_WAYS 8

struct weft_session_bucket {
	uint16_t sig[WEFT_SESSION_WAYS];
	uint32_t index[WEFT_SESSION_WAYS]; // of the record; 0: free
	uint32_t reserved[4];
} __rte_cache_aligned;

struct weft_frags;

struct weft_sessions {
	struct weft_session *rec;	    // [size + 1]; record 0 is never used
	struct weft_session_bucket *bucket; // [mask + 1]
	uint32_t mask;
	uint32_t size;
	uint32_t n;
	uint32_t high;	 // no record above it was ever used
	uint32_t n_free; // records in FREE
	uint32_t *free;	 // free records that were used before
	// Ring of records that may be evicted if there is no room, oldest first: without an answer, or closed.
	uint32_t *victim;
	uint32_t victim_head, victim_tail;
	uint32_t sweep; // the next record that the background pass visits
	uint64_t secret[4];
	struct weft_port_sessions *port; // [WEFT_MAX_PORTS]
	struct weft_rule_stats *rule;	 // [WEFT_MAX_COUNTERS]
	struct weft_frags *frags;
	uint32_t timeout[WEFT_N_SESSION_STATES];		     // seconds
	uint64_t opened, expired, evicted, revoked, rejudged, moved; // counts
	// The tables of all workers, for the limits of a port whose connections have several homes; read only.
	struct weft_sessions *const *peers;
	uint16_t n_peers;
	struct weft_session_syn syn[WEFT_SESSION_SYNS];
};

// A table for SIZE connections and N_FRAGS fragmented datagrams. Returns NULL with errno. Control thread.
struct weft_sessions *weft_sessions_new(uint32_t size, uint32_t n_frags);
void weft_sessions_free(struct weft_sessions *sessions);

// The name of STATE as tools show it: "syn_sent". Any thread.
const char *weft_session_state_name(enum weft_session_state state);

// Removes RECORD, which is in use, and adds its counters to those of its rules. Owner worker.
void weft_session_remove(struct weft_sessions *sessions, uint32_t record);

// Enters a record that was another worker's. False: there is no room. Owner worker.
bool weft_session_adopt(struct weft_sessions *sessions, const struct weft_session *from);

// Whether a connection in STATE has had no answer yet.
static inline bool
weft_session_is_half(enum weft_session_state state)
{
	return state == WEFT_SESSION_SYN_SENT || state == WEFT_SESSION_SYN_RECEIVED ||
	       state == WEFT_SESSION_UDP_SINGLE || state == WEFT_SESSION_OTHER_SINGLE;
}

// The home of connections between two ports: the lower slot, or the one that is not beyond an uplink.
static inline uint16_t
weft_session_home(uint16_t slot0, uint16_t slot1)
{
	return slot0 && (slot0 < slot1 || slot1 == 0) ? slot0 : slot1;
}
