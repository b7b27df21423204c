// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The data plane as the control thread sees it. Unless said otherwise, control thread only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "weft/rule_log.h"
#include "weft/log.h"
#include "weft/portio.h"
#include "weft/session.h"
#include "weft/snapshot.h"
#include "weft/stats.h"
#include "weft/worker.h"

enum weft_idle { WEFT_IDLE_ADAPTIVE, WEFT_IDLE_BUSY };

struct weft_engine_config {
	uint16_t n_workers;
	enum weft_idle idle;
	uint32_t max_sleep_us; // adaptive: the longest sleep
	uint32_t n_mbufs;
	uint32_t fdb_size; // learned addresses, per worker
	uint32_t fdb_age_s;
	uint32_t multicast_query_s;		 // guests are asked for the groups that they want so often
	uint32_t sessions;			 // connections, per worker
	uint32_t fragments;			 // datagrams of which fragments may come, per worker
	uint32_t timeout[WEFT_N_SESSION_STATES]; // seconds that a connection lives without a packet; 0: the default
};

// Takes memory and starts the workers on the EAL's worker lcores, with an empty snapshot. Once.
int weft_engine_start(const struct weft_engine_config *config, struct weft_error *err);

// Closes all ports, stops the workers, frees everything.
void weft_engine_stop(void);

uint16_t weft_engine_n_workers(void);

// Opens a device in SLOT, which is free; the port lives once a snapshot names it.
int weft_engine_open_port(uint16_t slot, const struct weft_attach *attach, struct weft_error *err);

// Closes SLOT's device once no worker can use it any more, then calls DONE with ARG. Publish a snapshot
// without the port first.
void weft_engine_close_port(uint16_t slot, void (*done)(void *arg, uint16_t slot), void *arg);

void weft_engine_port_status(uint16_t slot, struct weft_io_status *status);

// Has SLOT's device take packets of MTU bytes. Returns 0, or -errno where it cannot, now or at all.
int weft_engine_port_set_mtu(uint16_t slot, uint16_t mtu);

// What the shared device in SLOT takes from now on. Returns 0 or -errno; of other devices nothing happens.
int weft_engine_port_set_wire(uint16_t slot, const struct weft_wire *wire);

// What it has taken, and what it has left. False: it is not shared.
bool weft_engine_port_wire_counts(uint16_t slot, struct weft_wire_count counts[WEFT_WIRE_N_COUNTS]);

// True where every worker has a queue of the device of its own.
bool weft_engine_port_shared(uint16_t slot);

// Makes SNAP current at once and calls RETIRE on the former one when no worker uses it any more.
// SNAP belongs to the engine from then on; its version must be higher than the former one's.
void weft_engine_publish(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap));

const struct weft_snapshot *weft_engine_snapshot(void);

// What the ports with BUCKET may send together; NULL: all they like. What was saved up is gone, what is owed stays.
// Returns 0 or -ENOMEM.
int weft_engine_set_bucket(uint16_t bucket, const struct weft_bucket_rate *rate);

// The bucket of what all ports send to the uplink.
#define WEFT_BUCKET_LINK WEFT_MAX_BUCKETS

// What they have sent, and how often one of them had to wait for it. Any thread.
struct weft_bucket_counts {
	uint64_t bytes;
	uint64_t waits;
};
void weft_engine_bucket_counts(uint16_t bucket, struct weft_bucket_counts *counts);

// From TSC on this host counts as one that has lost its cluster, and ports do what they do then (fence_all, fence_new),
// until a later one is set. Workers look at the clock themselves: nobody has to be there in time. UINT64_MAX, as at
// the start: never. Any thread.
void weft_engine_fence_at(uint64_t tsc);
bool weft_engine_fenced(void);

// SNAP may come into force any moment: frames whose senders have judged them by it are judged by it from now on. It
// stays the caller's, until it is published; or withdrawn, which calls RETIRE on it when no worker looks at it any
// more.
void weft_engine_offer(const struct weft_snapshot *snap);
void weft_engine_withdraw(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap));

// What is known of the host in SLOT by BFD: its state, why it is that (RFC 5880, 4.1), for how many milliseconds, and
// how often it has changed. Any thread.
void weft_engine_bfd(uint16_t slot, uint8_t *state, uint8_t *diagnostic, uint64_t *ms, uint32_t *changes);

// What WORKER knows of multicast groups: entries, and joins for which there was no room. Any thread.
void weft_engine_group_counts(uint16_t worker, uint32_t *n, uint64_t *refused);

// Frames from other hosts on WORKER, by what they say of their generation. Any thread.
void weft_engine_stamp_stats(uint16_t worker, struct weft_stamp_stats *stats);

// Runs what was deferred and is due; never waits. Returns what is still pending.
unsigned int weft_engine_poll(void);

// Whether every worker has passed a quiescent point since VERSION was published, and since a snapshot was offered last,
// and hardware carries nothing any more that it was to end.
bool weft_engine_settled(uint64_t version);

// Has WORKER run FN between two bursts, and waits for it. Returns 0, or -ETIMEDOUT, FN not having run.
int weft_engine_call(uint16_t worker, void (*fn)(struct weft_worker *worker, void *arg), void *arg);

// What is known of the next hop with the number HOP to the other host in SLOT: its *MAC, 0 where it is not known, and
// *AGE, seconds since it was heard. Any thread.
void weft_engine_neighbour(uint16_t slot, uint32_t hop, uint64_t *mac, uint32_t *age);

// The kernel knows that it has MAC.
void weft_engine_set_neighbour(uint16_t slot, uint32_t hop, uint64_t mac);

// Sums the port's counters over the workers. Any thread.
void weft_engine_port_stats(uint16_t slot, struct weft_port_stats *sum);

// What SLOT's plan has done, and what waits for it now. Any thread.
void weft_engine_plan_stats(uint16_t slot, struct weft_plan_stats *stats);

// Any thread.
void weft_engine_worker_stats(
	uint16_t worker, struct weft_worker_stats *stats, struct weft_stage_stats stages[WEFT_N_STAGES]);
unsigned int weft_engine_worker_lcore(uint16_t worker);

// One port's books: everything that came in must have gone somewhere.
struct weft_audit_row {
	uint64_t rx, created, sent, taken, dropped;
	uint64_t held;	 // between two workers, or waiting for a port to change its worker
	int64_t missing; // rx + created - sent - taken - dropped - held: 0 or a bug
};

struct weft_audit {
	struct weft_audit_row total;
	struct weft_audit_row port[WEFT_MAX_PORTS];
	uint64_t in_rings; // packets counted in the rings between workers, or waiting for a port to move
	bool balanced;
};

// Closes the books: each worker reports at a point where its buffers are empty. Returns 0 or -errno.
int weft_engine_audit(struct weft_audit *audit);

// Shows what the pipeline would do with FRAME from the port in SLOT: its owner runs it, dry.
int weft_engine_explain(uint16_t slot, const uint8_t *frame, uint16_t len, struct weft_explain *explain);

// One learned address.
struct weft_fdb_row {
	uint64_t key;
	uint16_t port;
	uint32_t age_s;
};

// Has hardware carry connections that workers offer, and ends what it is not to carry any more. Each tick.
void weft_engine_offload(void);

// What hardware carries of what the port in SLOT sends, and has carried.
struct weft_offload_counts {
	uint32_t flows;
	uint64_t packets, bytes;
};
void weft_engine_offload_counts(uint16_t slot, struct weft_offload_counts *counts);

// Copies up to N learned addresses as the first worker knows them, and returns how many it knows.
uint32_t weft_engine_fdb(struct weft_fdb_row *rows, uint32_t n);

// Calls FN with a copy of each connection that a worker has, a few thousand between two of its rounds; where FN returns
// true, the connection is removed. CLOCK is the worker's, in seconds. Returns 0 or -ETIMEDOUT.
int weft_engine_each_session(
	uint16_t worker, bool (*fn)(void *arg, const struct weft_session *session, uint32_t clock), void *arg);

// A worker's table of connections in numbers. Any thread.
struct weft_session_counts {
	uint32_t n, size;
	uint64_t opened, expired, evicted, revoked, rejudged, moved, log_lost;
};
void weft_engine_session_counts(uint16_t worker, struct weft_session_counts *counts);

// The connections that count against the port in SLOT, over the workers. Any thread.
void weft_engine_port_sessions(uint16_t slot, struct weft_port_sessions *sum);

// Sums what the rule with COUNTER has done over the workers; LAST is seconds ago, UINT32_MAX: never. Any thread.
void weft_engine_rule_stats(uint32_t counter, struct weft_rule_stats *sum);

// Makes the counter read 0, for another rule. No snapshot that is in use has it.
void weft_engine_rule_clear(uint32_t counter);

// Calls FN with each decision that rules with "log" have made since the last call.
void weft_engine_rule_log(void (*fn)(void *arg, const struct weft_rule_log_entry *entry), void *arg);

// A hash over all state that the pipeline may change: for tests that it did not.
uint64_t weft_engine_state_hash(void);
