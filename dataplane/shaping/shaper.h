// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The allowances of a port's plan, and the frames that wait for them. Owned by the worker that has the port's token.
#pragma once

#include <rte_branch_prediction.h>

#include "dataplane/core/worker.h"

#include "bucket.h"

// The limit that a parked port waits for.
enum weft_wait { WEFT_WAIT_PLAN, WEFT_WAIT_TENANT, WEFT_WAIT_UPLINK };

// Frames that wait for their time, linked by what each holds in its mbuf. See pacer.c.
struct weft_frame_queue {
	struct rte_mbuf *head;
	struct rte_mbuf *tail;
};
#define WEFT_N_BANDS 3

struct weft_shaper {
	uint16_t gen;	     // of the port that this is about
	uint16_t counted_by; // worker whose n_paced includes what waits here, plus 1; 0: none does
	uint8_t waits_for;   // enum weft_wait
	bool asked;	     // the last read asked the port for packets
	bool over_share;     // the last read did not: the port has sent more to the uplink than its share
	bool found_empty;    // the last read that asked found nothing
	uint64_t parked;     // while the port is parked: since when (TSC); after that, until it is read: for how long
	int64_t took;	     // bytes taken from the tenant's bucket for the next read
	uint64_t throttled;  // time that the plan has left packets in the VM's rings
	struct weft_spent from; // the allowance from the VM; all of the above and the beginning of this share a line
	int64_t credit;		// bytes that the port may send to the uplink before it waits; negative: it owes them
	uint64_t guaranteed;	// TSC up to which the port's guaranteed rate is spent
	struct weft_plan_stats stats; // except THROTTLED; read by control
	struct weft_spent to;	      // the allowance to the VM
	struct weft_frame_queue
		queue[WEFT_N_BANDS]; // to a VM: all frames wait in the middle one; to an uplink: by class
} __rte_cache_aligned;

extern struct weft_shaper weft_shapers[WEFT_MAX_PORTS];

// Entries of a worker's wheel: parked ports by their slots, then ports with frames that wait, then buckets.
#define WEFT_WHEEL_QUEUES  WEFT_MAX_PORTS
#define WEFT_WHEEL_BUCKETS (2 * WEFT_MAX_PORTS)
#define WEFT_WHEEL_SIZE	   (WEFT_WHEEL_BUCKETS + WEFT_N_BUCKETS)

// The port in SLOT, or its plan, may be another one now: adjusts what is left of the allowances. Owner worker.
void weft_shaper_renew(struct weft_engine_worker *self, uint16_t slot, uint64_t now);

// The port in SLOT may be polled again. Owner worker.
void weft_shaper_unpark(struct weft_engine_worker *self, uint16_t slot);

// SLOT's shaper, for the port and the plan that it has at NOW (TSC). Owner worker.
static inline struct weft_shaper *
weft_shaper_of(struct weft_engine_worker *self, uint16_t slot, uint64_t now)
{
	if (unlikely(self->own[slot].plan_changed))
		weft_shaper_renew(self, slot, now);
	return &weft_shapers[slot];
}
