// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Whether other hosts are there: bidirectional forwarding detection (RFC 5880) with each.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#define WEFT_BFD_PORT	  3784 // over one hop
#define WEFT_BFD_PORT_FAR 4784 // over more

struct weft_worker;
struct weft_vec;

enum weft_bfd_state { WEFT_BFD_ADMIN_DOWN, WEFT_BFD_DOWN, WEFT_BFD_INIT, WEFT_BFD_UP };

// A session with the host in a slot.
struct weft_bfd {
	// What the other host has said last; written by the worker that heard it.
	_Atomic uint64_t heard;	 // TSC, written last
	_Atomic uint64_t said;	 // its number, multiplier and state
	_Atomic uint64_t timers; // microseconds: how often it wants to send, and how often at most it wants to hear
	_Atomic uint32_t polls;	 // that it wants answered at once, all together
	_Atomic bool final;	 // it has answered one

	// The state: the keeper of the uplink writes, anybody reads.
	_Atomic uint8_t state; // enum weft_bfd_state; 0 where there never was a session
	_Atomic uint8_t diagnostic;
	_Atomic uint32_t changes;
	_Atomic uint64_t since; // TSC

	// The keeper's own.
	uint64_t seen; // HEARD, when it was looked at last
	uint64_t next_tx;
	uint32_t theirs; // the other host's number for the session, 0: not known
	uint32_t answered;
	uint16_t gen; // of the slot's port
	bool polling;
} __rte_cache_aligned;

// Worker: takes in the packet in lane I, from the host in SLOT. Returns -1, or the drop reason.
int weft_bfd_hear(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i, uint16_t slot);

// Worker, each millisecond: sends what is due, and notices who is silent. NOW is the TSC.
void weft_bfd_sweep(struct weft_worker *worker, uint64_t now);
