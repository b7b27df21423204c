// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The data plane's interface for the control thread. Only the control thread calls these functions, except those marked
// "any thread". A slot names a port, a number names a worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "weft/log.h"
#include "weft/portio.h"
#include "weft/rule_log.h"
#include "weft/session.h"
#include "weft/snapshot.h"
#include "weft/stats.h"
#include "weft/worker.h"

// Start and stop.

enum weft_idle { WEFT_IDLE_ADAPTIVE, WEFT_IDLE_BUSY };

struct weft_engine_config {
	uint16_t n_workers;
	enum weft_idle idle;
	uint32_t max_sleep_us; // adaptive: the longest sleep
	uint32_t n_mbufs;
	uint32_t fdb_size; // learned addresses, per worker
	uint32_t fdb_age_s;
	uint32_t multicast_query_s;		 // interval at which guests are asked for their multicast groups
	uint32_t sessions;			 // connections, per worker
	uint32_t fragments;			 // datagrams whose fragments are tracked, per worker
	uint32_t timeout[WEFT_N_SESSION_STATES]; // seconds that a connection lives without a packet; 0: the default
};

// Takes memory and starts the workers on the EAL's worker lcores, with an empty snapshot. Once in a process. Returns 0,
// or -errno with ERR.
int weft_engine_start(const struct weft_engine_config *config, struct weft_error *err);

// Stops the workers, closes all ports, frees everything.
void weft_engine_stop(void);

uint16_t weft_engine_n_workers(void);
unsigned int weft_engine_worker_lcore(uint16_t worker); // the CPU that the worker runs on

// Has WORKER run FN with ARG between two rounds, and waits for it. Returns 0; or -ETIMEDOUT, and then FN has not run.
int weft_engine_call(uint16_t worker, void (*fn)(struct weft_worker *worker, void *arg), void *arg);

// Ports.

// Opens a device in SLOT, which is free. The port carries packets once a snapshot names it. Returns 0, or -errno with
// ERR.
int weft_engine_open_port(uint16_t slot, const struct weft_attach *attach, struct weft_error *err);

// Closes SLOT's device once no worker can use it any more, then calls DONE with ARG. Publish a snapshot
// without the port first.
void weft_engine_close_port(uint16_t slot, void (*done)(void *arg, uint16_t slot), void *arg);

void weft_engine_port_status(uint16_t slot, struct weft_io_status *status);

// Has SLOT's device take packets of MTU bytes. Returns 0; or -errno where it cannot, now or ever.
int weft_engine_port_set_mtu(uint16_t slot, uint16_t mtu);

// Sets which packets weft takes from the interface of SLOT's device, if it is shared with the kernel; others are not
// changed. Returns 0 or -errno.
int weft_engine_port_set_filter(uint16_t slot, const struct weft_uplink_filter *filter);

// Reads the counters of a shared interface's filter. False: SLOT's interface is not shared.
bool weft_engine_port_filter_counts(uint16_t slot, struct weft_uplink_filter_count counts[WEFT_UPLINK_FILTER_N_COUNTS]);

// Whether every worker has a queue of its own at the device.
bool weft_engine_port_multiqueue(uint16_t slot);

// Sums the port's counters over the workers. Any thread.
void weft_engine_port_stats(uint16_t slot, struct weft_port_stats *sum);

// Reads what SLOT's plan has done, and how much waits for the port now. Any thread.
void weft_engine_plan_stats(uint16_t slot, struct weft_plan_stats *stats);

// Snapshots.

// Puts SNAP into force at once, and calls RETIRE on the former one when no worker uses it any more. SNAP belongs to the
// engine from then on. Its version must be higher than the former one's.
void weft_engine_publish(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap));

// The snapshot in force.
const struct weft_snapshot *weft_engine_snapshot(void);

// Shows SNAP to the workers as one that may come into force at any moment: they judge a frame by it if the sender has
// judged the frame by it. The caller keeps SNAP until it publishes or withdraws it. Withdrawing calls RETIRE on it when
// no worker uses it any more.
void weft_engine_show_next(const struct weft_snapshot *snap);
void weft_engine_withdraw_next(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap));

// Whether every worker has passed a quiescent point since VERSION was published and since a snapshot was last shown,
// and hardware has ended all flows that it had to end.
bool weft_engine_settled(uint64_t version);

// Runs deferred functions that are due. Never waits. Returns how many are still pending.
unsigned int weft_engine_poll(void);

// Sets the TSC from which on this host counts as cut off from its cluster. Then ports obey fence_all and fence_new,
// until a later time is set. Workers check the time themselves, so nobody has to act in time. UINT64_MAX, as at the
// start: never. Any thread.
void weft_engine_fence_at(uint64_t tsc);
bool weft_engine_fenced(void); // whether it counts as cut off now

// Rates that ports share.

// The bucket of all that ports send to the uplink. Tenants have the buckets from 1 on.
#define WEFT_BUCKET_UPLINK WEFT_MAX_BUCKETS

// Sets the rate that the ports of BUCKET may send together; NULL: no limit. Allowance that was saved up is lost, and
// bytes that are owed stay owed. Returns 0 or -ENOMEM.
int weft_engine_set_bucket(uint16_t bucket, const struct weft_bucket_rate *rate);

// Reads what the ports of BUCKET have sent, and how often one of them had to wait. Any thread.
struct weft_bucket_counts {
	uint64_t bytes;
	uint64_t waits;
};
void weft_engine_bucket_counts(uint16_t bucket, struct weft_bucket_counts *counts);

// Other hosts.

// Reads the BFD session with the host in SLOT: its state and diagnostic (RFC 5880, 4.1), for how many milliseconds it
// has had this state, and how often the state has changed. Any thread.
void weft_engine_bfd(uint16_t slot, uint8_t *state, uint8_t *diagnostic, uint64_t *ms, uint32_t *changes);

// Reads the *MAC of the next hop with the number HOP to the host in SLOT (0: not known), and *AGE, seconds since it was
// last heard. Any thread.
void weft_engine_neighbour(uint16_t slot, uint32_t hop, uint64_t *mac, uint32_t *age);

// Sets the MAC of that next hop, as the kernel knows it.
void weft_engine_set_neighbour(uint16_t slot, uint32_t hop, uint64_t mac);

// Reads how many frames from other hosts WORKER has judged by which generation. Any thread.
void weft_engine_stamp_stats(uint16_t worker, struct weft_stamp_stats *stats);

// Workers and their tables.

// Any thread.
void weft_engine_worker_stats(
	uint16_t worker, struct weft_worker_stats *stats, struct weft_stage_stats stages[WEFT_N_STAGES]);

// Reads how many multicast groups and members WORKER knows, and how many joins it had no room for. Any thread.
void weft_engine_group_counts(uint16_t worker, uint32_t *n, uint64_t *refused);

// One learned address.
struct weft_fdb_row {
	uint64_t key;
	uint16_t port;
	uint32_t age_s;
};

// Copies up to N learned addresses that the first worker knows. Returns how many it knows.
uint32_t weft_engine_fdb(struct weft_fdb_row *rows, uint32_t n);

// Calls FN with a copy of each connection of WORKER, and with the worker's CLOCK in seconds. It copies a few thousand
// between two rounds. Where FN returns true, the connection is removed. Returns 0, -ENOMEM or -ETIMEDOUT.
int weft_engine_each_session(
	uint16_t worker, bool (*fn)(void *arg, const struct weft_session *session, uint32_t clock), void *arg);

// Counts of a worker's connections. Any thread.
struct weft_session_counts {
	uint32_t n, size;
	uint64_t opened, expired, evicted, revoked, rejudged, moved, log_lost;
};
void weft_engine_session_counts(uint16_t worker, struct weft_session_counts *counts);

// Sums the connections that count against the port in SLOT over the workers. Any thread.
void weft_engine_port_sessions(uint16_t slot, struct weft_port_sessions *sum);

// Sums what the rule with COUNTER has done over the workers. LAST is in seconds ago; UINT32_MAX: never. Any thread.
void weft_engine_rule_stats(uint32_t counter, struct weft_rule_stats *sum);

// Clears COUNTER for another rule. No snapshot in use has it.
void weft_engine_rule_clear(uint32_t counter);

// Calls FN with each decision that rules with "log" have made since the last call.
void weft_engine_rule_log(void (*fn)(void *arg, const struct weft_rule_log_entry *entry), void *arg);

// Connections in hardware.

// Gives hardware the connections that workers offer, and takes back those that it may not carry any more. Call it each
// tick.
void weft_engine_offload(void);

// Reads how many flows from the port in SLOT hardware carries, and how much it has carried from this port.
struct weft_offload_counts {
	uint32_t flows;
	uint64_t packets, bytes;
};
void weft_engine_offload_counts(uint16_t slot, struct weft_offload_counts *counts);

// Checks.

// One port's books. Every packet that came in must be in another column.
struct weft_audit_row {
	uint64_t rx, created, sent, taken, dropped;
	uint64_t held;	 // waiting: between two workers, for a plan's time, or for a port that changes its worker
	int64_t missing; // rx + created - sent - taken - dropped - held; not 0: a bug
};

struct weft_audit {
	struct weft_audit_row total;
	struct weft_audit_row port[WEFT_MAX_PORTS];
	uint64_t in_rings; // packets that were found waiting
	bool balanced;
};

// Checks the books: each worker reports between two rounds. Returns 0 or -errno.
int weft_engine_audit(struct weft_audit *audit);

// Shows what the pipeline would do with FRAME from the port in SLOT, in a dry run on the port's owner. Returns 0 or
// -errno; -ENOENT: there is no port.
int weft_engine_explain(uint16_t slot, const uint8_t *frame, uint16_t len, struct weft_explain *explain);

// A hash over all state that the pipeline may change, for tests that nothing has changed. 0: a worker did not answer.
uint64_t weft_engine_state_hash(void);
