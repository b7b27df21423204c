// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// An attempt at a generation: driver.c has the queue and the steps' order, barrier.c the steps.
#pragma once

#include "impl.h"

struct driver {
	struct weft_cluster *c;
	struct weft_write *queue, **last; // not yet begun
	struct weft_write *writes;	  // of the generation that is being brought about
	bool busy;			  // a request is under way
	bool mine;			  // the publication is this host's to bring about
	bool viewing;
	json_t *record; // of the generation
	json_t *hosts;	// concerned
	json_t *report;
	char id[ID_SIZE];
	char *text; // the record, to be written in parts
	unsigned int parts, part;
	json_t *ops; // what is yet to be written down: requests of a transaction
	uint64_t deadline;
	json_t *pending; // set of hosts that have not prepared; NULL: not known yet
	bool refused;	 // one has refused
	json_t *next;	 // the publication that the request under way writes
	bool swapping;	 // the request changes the publication
	int64_t seen;	 // revision of the publication when the stall was first seen
	uint64_t stalled_at;
	int64_t sent;	     // revision of the publication when the request under way was made
	uint64_t not_before; // ms: the next request
	uint64_t look_at;
	bool looking; // after the driver's life
};

// driver.c
void driver_step(struct driver *d);
void driver_forget_attempt(struct driver *d);
void driver_reject(struct weft_write **list, const struct weft_error *err);
void driver_answer(struct driver *d, uint64_t generation); // it is in force

// barrier.c: each step is one request; what comes of it is seen in the publication.
void barrier_claim(struct driver *d);	  // what begin() has put together
void barrier_take_over(struct driver *d); // another host's
void barrier_write(struct driver *d);	  // the next part of the record; then the hosts are asked to prepare
void barrier_check(struct driver *d);	  // whether they have; then it is in force
void barrier_fold(struct driver *d);	  // writes more of it down as objects
void barrier_abandon(struct driver *d, const char *why);
