// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Watches the other hosts by bidirectional forwarding detection (RFC 5880).
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#define WEFT_BFD_PORT	  3784 // UDP port over one hop
#define WEFT_BFD_PORT_FAR 4784 // UDP port over more hops

struct weft_worker;
struct weft_vec;

enum weft_bfd_state { WEFT_BFD_ADMIN_DOWN, WEFT_BFD_DOWN, WEFT_BFD_INIT, WEFT_BFD_UP };

// The session with the host in a slot.
struct weft_bfd {
	// The other host's last packet; written by the worker that received it.
	_Atomic uint64_t heard;	 // TSC when it came; written after the others
	_Atomic uint64_t said;	 // its session number, multiplier and state
	_Atomic uint64_t timers; // its intervals in microseconds: desired TX << 32 | required RX
	_Atomic uint32_t polls;	 // polls that it has sent: each is answered at once
	_Atomic bool final;	 // it has answered a poll of this host

	// The state: written by the worker that keeps the uplink; any thread reads it.
	_Atomic uint8_t state; // enum weft_bfd_state; 0: there never was a session
	_Atomic uint8_t diagnostic;
	_Atomic uint32_t changes;
	_Atomic uint64_t since; // TSC

	// Used by the worker that keeps the uplink only.
	uint64_t seen; // HEARD at the last look
	uint64_t next_tx;
	uint32_t theirs;   // the other host's session number; 0: not known
	uint32_t answered; // POLLS that have been answered
	uint16_t gen;	   // of the slot's port
	bool polling;	   // this host sends polls until one is answered
} __rte_cache_aligned;

// Reads the BFD packet in lane I, which comes from the host in SLOT. Returns -1, or the drop reason. Owner worker.
int weft_bfd_hear(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i, uint16_t slot);

// Sends the packets that are due, and declares silent hosts down. The keeper of the uplink calls it each
// millisecond; on other workers it does nothing. NOW is the TSC. Owner worker.
void weft_bfd_sweep(struct weft_worker *worker, uint64_t now);
