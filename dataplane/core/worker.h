// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A worker as the engine sees it. Only the worker's own thread writes to it, except where a field says otherwise.
#pragma once

#include <stdatomic.h>

#include <rte_common.h>

#include "weft/plan.h"
#include "weft/stats.h"
#include "weft/vec.h"
#include "weft/wheel.h"
#include "weft/worker.h"

// A worker's state of one slot.
struct weft_own_port {
	uint16_t gen;	    // of the port that this worker owns in the slot; 0: none
	uint16_t token;	    // generation of the port whose token the worker has; 0: it has none
	uint16_t empty;	    // polls in a row that found no packet
	bool notify;	    // the slot is in the list of ports to notify
	bool parked;	    // the port is not polled: its plan, its tenant's limit or the uplink's makes it wait
	bool shares_uplink; // what the port sends to the uplink counts against its share
	bool is_uplink;	    // the port is an uplink
	bool plan_changed;  // the plan may have changed since the port was last read
	uint16_t pos;	    // of the slot in the poll list
	uint16_t bucket;    // of the port's tenant; 0: the tenant has no limit
	const struct weft_port_plan *plan; // in the snapshot in use; NULL: the port is not limited
};

// The slots that the worker owns, in three parts: the active ones, the idle ones, the parked ones. See poll_list.h.
struct weft_poll_list {
	uint16_t *slot; // [n_owned]
	uint16_t n_owned;
	uint16_t n_active;
	uint16_t n_polled;    // active and idle ones
	uint16_t next_active; // position in the list at which the next round starts
	uint16_t next_idle;
};

// Ports that were read or written in this round, and whose guests are notified at its end.
struct weft_notify_list {
	uint16_t *slot; // [n]
	uint16_t n;
};

// When the worker's periodic work is due (TSC).
struct weft_timers {
	uint64_t next_second;
	uint64_t next_sweep;
	uint64_t sweep_step;	// buckets of the table of addresses for each sweep
	uint64_t session_sweep; // time of the last sweep over connections
};

// Ports that have another owner now. The worker releases their tokens when their connections have gone to that owner.
struct weft_moving {
	uint16_t *slot; // [n]
	uint16_t n;
	uint32_t next; // record to look at next
};

// A port's place in a bucket's queue.
struct weft_queue_place {
	uint16_t bucket; // 0: the port is in no queue
	uint16_t before; // slots of the neighbours in the queue
	uint16_t behind;
	uint64_t ticket; // gives the turn, among the ports of all workers
};

// Ports of one worker that wait for a bucket, by slot. HEAD is WEFT_PORT_NONE: nobody waits.
struct weft_bucket_queue {
	uint16_t head;
	uint16_t tail;
};

// Limits that this worker enforces. See dataplane/shaping.
struct weft_shaping {
	struct weft_wheel *wheel;	 // ports, queues and buckets whose time will come
	struct weft_bucket_queue *queue; // [WEFT_N_BUCKETS]
	struct weft_queue_place (
		*place)[2]; // [WEFT_MAX_PORTS]: in the queue of the tenant's bucket, and of the uplink's
	uint32_t n_paced;   // frames that wait, at the ports that this worker owns
};

// A function that the control thread asks the worker to run.
struct weft_posted_call {
	_Atomic int state; // enum weft_call_state
	void (*fn)(struct weft_worker *worker, void *arg);
	void *arg;
} __rte_cache_aligned;

enum weft_call_state { WEFT_CALL_FREE, WEFT_CALL_POSTED, WEFT_CALL_RUNNING, WEFT_CALL_DONE };

struct weft_engine_worker {
	struct weft_worker w; // first: a stage's pointer to it is a pointer to all of this
	unsigned int lcore;
	uint64_t version;	   // of the snapshot in use
	bool shares_uplink;	   // that snapshot shares the uplink's rate among ports
	struct weft_own_port *own; // [WEFT_MAX_PORTS]
	struct weft_poll_list poll;
	struct weft_notify_list notify;
	uint16_t next_peer; // the worker whose ring is read first in the next round
	bool loaded;	    // the last round found packets
	bool sleepy;	    // no packet has come for a while
	uint16_t n_waiting; // owned ports whose token another worker still has
	struct weft_timers timers;
	struct weft_moving moving;
	struct weft_shaping shaping;
	struct weft_worker_stats stats;
	struct weft_vec vec;
	struct weft_posted_call call; // the control thread posts it
} __rte_cache_aligned;

static inline struct weft_engine_worker *
weft_engine_worker_of(struct weft_worker *worker)
{
	return (struct weft_engine_worker *)worker;
}

// Whether the worker may use the device in SLOT now.
static inline bool
weft_owns(const struct weft_engine_worker *self, uint16_t slot)
{
	return self->own[slot].token != 0 && self->own[slot].token == self->own[slot].gen;
}
