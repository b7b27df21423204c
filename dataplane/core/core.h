// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What the data plane's files share. Workers are cache-aligned and only their own thread writes to them,
// the fields marked otherwise aside.
#pragma once

#include <stdatomic.h>

#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "weft/bfd.h"
#include "weft/engine.h"
#include "weft/fdb.h"
#include "weft/groups.h"
#include "weft/wheel.h"

#define CALL_FREE    0
#define CALL_POSTED  1
#define CALL_RUNNING 2
#define CALL_DONE    3

// A port's place in a line for a bucket: of its tenant, or of the uplink.
struct dp_place {
	uint16_t bucket; // 0: it does not stand in one
	uint16_t before; // who comes before and after it
	uint16_t behind;
	uint64_t ticket; // its turn, among all workers' ports
};

// A port's place in a worker's lists.
struct own_port {
	uint16_t gen;			   // of the port that this worker owns in the slot; 0: none
	uint16_t held;			   // generation whose token it has; 0: none
	uint16_t empty;			   // polls in a row that found nothing
	bool unsettled;			   // stands in the worker's list
	bool parked;			   // is not read: it waits for its plan, or one that it shares
	bool linked;			   // what it sends to the uplink is counted
	bool wire;			   // it is an uplink itself
	bool renewed;			   // its plan may be another one now
	uint16_t pos;			   // in the list of slots
	uint16_t bucket;		   // of its tenant; 0: none
	const struct weft_port_plan *plan; // of the snapshot in use; NULL: none
};

// Ports of a worker that wait for a bucket.
struct dp_line {
	uint16_t head;
	uint16_t tail;
};

// Entries of a worker's wheel: a slot's rings, its queue, and the lines for buckets.
#define DP_WHEEL_QUEUES	 WEFT_MAX_PORTS
#define DP_WHEEL_BUCKETS (2 * WEFT_MAX_PORTS)
#define DP_BUCKETS	 (WEFT_BUCKET_LINK + 1)
#define DP_WHEEL_SIZE	 (DP_WHEEL_BUCKETS + DP_BUCKETS)

struct dp_worker {
	struct weft_worker w; // first: stages get a pointer to it
	unsigned int lcore;
	uint64_t version;	     // of the snapshot in use
	bool link;		     // by it, the uplink is shared out
	struct own_port *own;	     // [WEFT_MAX_PORTS]
	struct dp_place (*place)[2]; // [WEFT_MAX_PORTS]: for their tenants' buckets, and the uplink's
	uint16_t *list; // owned slots: the active ones first, then the idle ones, then those that wait for their plan
	uint16_t *unsettled; // [n_unsettled]: slots that were read or written in this round
	uint16_t n_unsettled;
	uint16_t n_owned;
	uint16_t n_active;
	uint16_t n_polled;    // active and idle
	uint16_t next_active; // where the next round starts
	uint16_t next_idle;
	uint16_t next_peer;   // whose ring is read first
	bool loaded;	      // the last round found packets
	bool sleepy;	      // nothing has come for a while
	uint16_t n_waiting;   // owned, but another worker still has the token
	uint64_t next_second; // TSC
	uint64_t next_sweep;
	uint64_t sweep_step;
	uint64_t session_sweep; // TSC of the last one
	uint16_t *leaving;	// ports whose token is given back once their connections have gone to the next owner
	uint16_t n_leaving;
	uint32_t next_leaving;	  // the next record to be looked at for that
	struct weft_wheel *wheel; // what waits for its time
	struct dp_line *line;	  // [DP_BUCKETS]
	uint32_t n_paced;	  // frames that wait for their time, at the ports that it has
	struct weft_worker_stats stats;
	struct weft_vec vec;

	// The control thread posts a function here and the worker runs it.
	_Atomic int call_state __rte_cache_aligned;
	void (*call_fn)(struct weft_worker *worker, void *arg);
	void *call_arg;
} __rte_cache_aligned;

// What a port waits for.
enum dp_waits { DP_WAITS_PLAN, DP_WAITS_TENANT, DP_WAITS_LINK };

// Frames that wait for their time.
struct dp_queue {
	struct rte_mbuf *head;
	struct rte_mbuf *tail;
};
#define DP_BANDS 3

// What a port's plan has let pass, and what waits for it: the worker's that holds the port.
struct dp_shaper {
	uint16_t gen;	   // of the port that this is about
	uint16_t kept_by;  // worker that counts what waits, and 1; 0: nobody
	uint8_t waits_for; // enum dp_waits
	bool asked;	   // the rings were looked at,
	bool shut;	   // or it has sent more to the uplink than was its turn
	bool rested;	   // they were empty
	uint64_t parked;   // while the port waits: since when; after that, until it is looked at: how long
	int64_t took;	   // from the tenant's bucket, for the next read
	uint64_t throttled;
	struct weft_spent from;	      // up to here, and the first half of this, on one line
	int64_t credit;		      // bytes to the uplink that it may send before it waits; negative: owed
	uint64_t least;		      // TSC up to which its guarantee is spent
	struct weft_plan_stats stats; // but THROTTLED; read by control
	struct weft_spent to;
	struct dp_queue queue[DP_BANDS]; // for the VM: all in the middle one; for a wire, by their class
} __rte_cache_aligned;

// What the ports of a tenant may send together: all workers take from it.
struct dp_bucket {
	_Atomic uint64_t spent;			 // TSC up to which it is
	_Atomic(struct weft_bucket_rate *) rate; // NULL: no limit; written by control
	_Atomic uint64_t bytes;			 // that have passed
	_Atomic uint64_t waits;			 // of ports
	_Atomic uint64_t ticket;		 // the last that was given to a port in a line
	_Atomic uint64_t head[WEFT_MAX_WORKERS]; // of the first in each worker's line; 0: it is empty
} __rte_cache_aligned;

struct dp_engine {
	struct weft_engine_config config;
	struct rte_mempool *pool;
	struct rte_rcu_qsbr *qsbr;		    // the thread ids are worker ids
	_Atomic(struct weft_snapshot *) snapshot;   // written by control, and the next two:
	_Atomic(struct weft_snapshot *) before;	    // of the generation before, for a while; NULL: none
	_Atomic(const struct weft_snapshot *) next; // that may come into force any moment; NULL: none
	_Atomic uint64_t fence_at;		    // TSC from which on the cluster counts as lost; written by control
	_Atomic bool stop;
	_Atomic bool offering; // some device takes flows; written by control
	uint64_t start_tsc;
	uint64_t hz;
	uint16_t n_workers;
	struct dp_worker *workers[WEFT_MAX_WORKERS];
	struct weft_portio ports[WEFT_MAX_PORTS];
	struct dp_shaper shaper[WEFT_MAX_PORTS];
	struct dp_bucket bucket[DP_BUCKETS];
	_Atomic uint64_t mac[WEFT_MAX_PORTS]; // of the ports' devices; written by control
	struct weft_neighbour neighbour[WEFT_MAX_PORTS];
	struct weft_bfd bfd[WEFT_MAX_PORTS];
	struct weft_owed owed[WEFT_MAX_PORTS];
	struct rte_ring *handoff[WEFT_MAX_WORKERS][WEFT_MAX_WORKERS]; // [from][to]: mbufs
	struct weft_sessions *sessions[WEFT_MAX_WORKERS];
	struct rte_ring *moving[WEFT_MAX_WORKERS][WEFT_MAX_WORKERS]; // [from][to]: struct weft_session
	struct rte_ring *gossip[WEFT_MAX_WORKERS][WEFT_MAX_WORKERS]; // [from][to]: struct weft_fdb_message
};

extern struct dp_engine dp;

static inline struct dp_worker *
dp_of(struct weft_worker *worker)
{
	return (struct dp_worker *)worker;
}

// The token of a port: who may use its device now.
static inline uint32_t
dp_token(uint16_t gen, uint16_t worker)
{
	return (uint32_t)gen << 16 | worker;
}

// The worker's thread; ARG is its dp_worker.
int dp_loop(void *arg);

// list.c: whose turn it is to be read.
void dp_list_add(struct dp_worker *self, uint16_t slot); // as an idle one
void dp_list_activate(struct dp_worker *self, uint16_t slot);
void dp_list_idle(struct dp_worker *self, uint16_t slot);
void dp_list_park(struct dp_worker *self, uint16_t slot); // an active or idle one is not to be read
void dp_list_wake(struct dp_worker *self, uint16_t slot); // but is again, among the active ones
void dp_list_compact(struct dp_worker *self);		  // takes out what is not the worker's own any more

// outbox.c
void dp_flush_port(struct weft_worker *worker, uint16_t port);
void dp_flush_all(struct weft_worker *worker);
void dp_write_port(struct dp_worker *self, uint16_t slot, struct rte_mbuf **pkts, uint16_t n);
void dp_unsettle(struct dp_worker *self, uint16_t slot); // was read or written in this round
void dp_settle(struct dp_worker *self);			 // tells the guests of those

// shape.c
int dp_shape_init(struct weft_error *err);
// From a VM with a plan: packets that may be taken now, and *BYTES; those that were; and whether the port has to wait
// until more may, which the wheel ends.
uint16_t dp_shape_allowed(struct dp_worker *self, uint16_t slot, int64_t *bytes);
void dp_shape_took(struct dp_worker *self, uint16_t slot, uint16_t n, uint64_t bytes);
bool dp_shape_parks(struct dp_worker *self, uint16_t slot);
void dp_shape_unpark(struct dp_worker *self, uint16_t slot);
// To a VM with one: the frames leave in their time.
void dp_shape_send(struct dp_worker *self, uint16_t slot, struct rte_mbuf **pkts, uint16_t n);
void dp_shape_expire(struct dp_worker *self);
// The port, of the generation that the worker has it in, is PORT from now on; the worker holds it from now on.
void dp_shape_adopt(struct dp_worker *self, uint16_t slot, const struct weft_port_conf *port);
void dp_shape_claim(struct dp_worker *self, uint16_t slot);
// All that waits leaves at once, or is LOST.
void dp_shape_empty(struct dp_worker *self, uint16_t slot, bool lost);
void dp_shape_each_waiting(uint16_t slot, void (*fn)(void *arg, const struct rte_mbuf *m), void *arg);

// bucket.c
// The most that a port reads at once of what its tenant may.
#define DP_TURN (WEFT_BURST * 1522)
// Bytes, WANT at most, that a port may read now; and what it has used of the TOOK bytes that it was given.
int64_t dp_bucket_take(uint16_t bucket, bool fenced, uint64_t now, int64_t want);
void dp_bucket_settle(uint16_t bucket, bool fenced, int64_t took, int64_t used);
// Bytes that there are now.
int64_t dp_bucket_allowed(uint16_t bucket, bool fenced, uint64_t now);
// BYTES have passed, or are to, whatever there is; or were to, and are not.
void dp_bucket_charge(uint16_t bucket, bool fenced, uint64_t now, int64_t bytes);
void dp_bucket_refund(uint16_t bucket, bool fenced, int64_t bytes);
// Whether there is something to take now; else *NEXT is when there will be.
bool dp_bucket_has_some(const struct dp_worker *self, uint16_t bucket, uint64_t *next);
// Puts the port in line if there is nothing to take; calls the next in line if there is, or when there will be.
bool dp_bucket_queues(struct dp_worker *self, uint16_t slot);
void dp_bucket_next(struct dp_worker *self, uint16_t bucket);

// line.c: ports that wait for a bucket come in turns, over all workers.
void dp_line_stand(struct dp_worker *self, uint16_t slot, uint16_t bucket);
void dp_line_leave(struct dp_worker *self, uint16_t slot, uint16_t bucket);
// Whether nobody stands in any worker's line; and whether the first of this worker's, which has one, is next, where
// there has been something to take since SINCE.
bool dp_line_is_empty(uint16_t bucket);
bool dp_line_is_turn(const struct dp_worker *self, uint16_t bucket, uint64_t since);

static inline struct dp_place *
dp_place_of(struct dp_worker *self, uint16_t slot, uint16_t bucket)
{
	return &self->place[slot][bucket == WEFT_BUCKET_LINK];
}

// link.c: what ports send to the uplink.
// Whether the port may be read now, and *BYTES at most.
bool dp_link_allows(struct dp_worker *self, uint16_t slot, int64_t *bytes);
// It had nothing.
void dp_link_rests(struct dp_worker *self, uint16_t slot);
// It waits for its turn, or its guarantee; which the latter may have ended.
void dp_link_waits(struct dp_worker *self, uint16_t slot);
bool dp_link_pays(struct dp_worker *self, uint16_t slot);
// Calls those whose turn it is.
void dp_link_next(struct dp_worker *self);

// handoff.c: rings between every two workers.
int dp_handoff_init(struct weft_error *err);
void dp_handoff_fini(void);
void dp_flush_worker(struct weft_worker *worker, uint16_t peer);
unsigned int dp_handoff_receive(struct dp_worker *self);
void dp_gossip_send(struct weft_worker *worker, const struct weft_fdb_message *message);
void dp_gossip_receive(struct dp_worker *self);

// move.c: connections follow their port to another worker.
void dp_move_begin(struct dp_worker *self, uint16_t slot);
void dp_move_sessions(struct dp_worker *self);
void dp_move_receive(struct dp_worker *self);

// publish.c: what happens when no worker uses something any more.
int dp_defer(void (*fn)(void *arg), void *arg);
void dp_quiesce(void); // waits for every worker to pass a quiescent point; any thread but a worker
void dp_publish_fini(void);

// offload.c: some device takes flows; those that SNAP does not leave as they are are ended; whether all that were to
// end have; and all are ended.
void dp_offload_begin(void);
void dp_offload_revoke(const struct weft_snapshot *snap);
bool dp_offload_settled(void);
void dp_offload_fini(void);
extern uint64_t dp_offload_period; // TSC between two looks at a flow; 0: a second

// ports.c: tokens of the ports that a worker owns, on a new snapshot and later.
void dp_adopt(struct dp_worker *self, const struct weft_snapshot *snap);
void dp_claim_waiting(struct dp_worker *self);
void dp_give_back(struct dp_worker *self, uint16_t slot);
void dp_ports_fini(void);

// True where the worker may use the device in SLOT now.
static inline bool
dp_holds(const struct dp_worker *self, uint16_t slot)
{
	return self->own[slot].held != 0 && self->own[slot].held == self->own[slot].gen;
}

// Whether what goes to the port waits for its time.
static inline bool
dp_paces(const struct dp_worker *self, uint16_t slot)
{
	const struct weft_port_plan *plan = self->own[slot].plan;

	return plan && (plan->to_vm.rate.cost || plan->to_vm.packets.cost);
}
