// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// An attempt to bring a generation into force, and the writes that it answers.
#pragma once

#include "impl.h"

#define RECORD_PART (512u << 10) // bytes of a record in one key

struct driver {
	struct weft_cluster *c;
	void (*step)(struct driver *d);	  // driver_step(): goes on after a request has ended
	struct weft_write *queue, **last; // writes that no attempt has taken yet
	struct weft_write *writes;	  // of this attempt
	bool busy;			  // a request is under way
	bool mine;			  // this host drives the attempt that the publication names
	bool viewing;			  // the view is being read
	json_t *record;			  // of the generation
	json_t *hosts;			  // concerned: an array of names, or "*"
	json_t *report;			  // the answer to the writes
	char id[ID_SIZE];
	char *text; // the record as JSON text, written in parts
	unsigned int parts, part;
	json_t *ops;	     // operations that still have to be written, from the last one on
	uint64_t deadline;   // ms, monotonic: for hosts to prepare
	json_t *pending;     // set of hosts that have not prepared; NULL: not known yet
	bool refused;	     // a host has refused
	json_t *next;	     // the publication that the request under way writes
	bool swapping;	     // the request under way changes the publication
	int64_t sent;	     // revision of the publication when that request was made
	uint64_t not_before; // ms, monotonic: the next request

	// Another host's attempt, which this host takes over when it stalls.
	int64_t seen;	     // revision of the publication when the stall was first seen
	uint64_t stalled_at; // ms, monotonic
	uint64_t look_at;    // ms, monotonic: when to look next
	bool looking;	     // a request that looks whether its driver lives is under way
};

// Forgets the attempt. Its writes stay.
void attempt_forget(struct driver *d);

// Answers the writes in LIST with ERR, and empties it.
void attempt_reject(struct weft_write **list, const struct weft_error *err);

// Answers the attempt's writes: GENERATION is in force. A write that waits is answered when all hosts have applied it.
void attempt_answer(struct driver *d, uint64_t generation);
