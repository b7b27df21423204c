// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A bucket is a limit that ports share: those of a tenant, or all that send to the uplink. All workers take from it.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "weft/engine.h"

#define WEFT_N_BUCKETS (WEFT_BUCKET_UPLINK + 1)

// The most bytes that a port takes from its tenant's bucket for one read.
#define WEFT_BUCKET_TURN (WEFT_BURST * 1522)

struct weft_shared_bucket {
	_Atomic uint64_t spent;			 // TSC up to which the allowance is spent
	_Atomic(struct weft_bucket_rate *) rate; // NULL: no limit; control thread
	_Atomic uint64_t bytes;			 // that have passed
	_Atomic uint64_t waits;			 // times that a port had to wait
	_Atomic uint64_t ticket;		 // the last one given to a port in a queue
	_Atomic uint64_t
		head[WEFT_MAX_WORKERS]; // ticket of the first port in each worker's queue; 0: the queue is empty
} __rte_cache_aligned;

extern struct weft_shared_bucket weft_shared_buckets[WEFT_N_BUCKETS];

// All of these are for workers. FENCED: this host is cut off from its cluster, and the rate for that counts. NOW and
// *NEXT are TSC.

// Takes up to WANT bytes, for a port that is about to read. Returns how many it got; 0: none are there now.
int64_t weft_bucket_take(uint16_t bucket, bool fenced, uint64_t now, int64_t want);

// Of the TOOK bytes that a port took, it used USED, which may be more; the difference is returned or charged.
void weft_bucket_settle(uint16_t bucket, bool fenced, int64_t took, int64_t used);

// How many bytes may pass now.
int64_t weft_bucket_allowed(uint16_t bucket, bool fenced, uint64_t now);

// Charges BYTES that have passed or will pass, whether they are there or not.
void weft_bucket_charge(uint16_t bucket, bool fenced, uint64_t now, int64_t bytes);

// Returns BYTES that were charged and will not pass.
void weft_bucket_refund(uint16_t bucket, bool fenced, int64_t bytes);

// Whether any bytes may pass now; *NEXT is since when, or when they may.
bool weft_bucket_has_some(uint16_t bucket, bool fenced, uint64_t now, uint64_t *next);
