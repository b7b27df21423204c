// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A connection as the reference has it, with sequence numbers that do not wrap.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "weft/session.h"

#include "packet.h"

#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16

struct end {
	bool spoke;
	int64_t end, limit; // what it has sent, and may send
	int64_t window;	    // the largest that it offered
	int scale;
	bool fin, fin_acked;
};

struct syn {
	bool there;
	uint32_t start; // behind the SYN itself
	uint32_t len;	// of the data with it
	int64_t window;
	int scale; // -1: none
};

struct conn {
	bool used;
	int slot[2];		// of the opener, of the other end; 0: outside
	struct ref_packet open; // the packet that opened it
	enum weft_session_state state;
	bool liberal, no_scale;
	uint32_t seen;
	struct end end[2]; // the opener's first
	struct syn syn;	   // the opener's last one that nothing followed from
};

// The full number whose low half is SEQ and which is nearest to NEAR.
static inline int64_t
unwrap(uint32_t seq, int64_t near)
{
	return near + (int32_t)(seq - (uint32_t)near);
}

// Whether a segment may have FLAGS.
bool ref_flags_make_sense(uint8_t flags);

// Notes P, a SYN of end E that ends at END.
void ref_start_end(struct conn *c, int e, const struct ref_packet *p, int64_t end);

// Follows P of end E in C. Returns 1: passes; 2: passes, and does not show that the connection lives; 0: does not pass; -1: may
// open the connection anew.
int ref_tcp(struct conn *c, const struct ref_packet *p, int e);
