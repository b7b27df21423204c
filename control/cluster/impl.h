// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The state of one host in the cluster, which the sources of this room share. One thread.
#pragma once

#include "cluster.h"
#include "publication.h"

struct acks;
struct claims;
struct driver;
struct view_waiter;

#define CLUSTER_FIRST_RETRY_MS 50 // the delay before the first retry; it doubles from then on

// The snapshot that all workers must have taken over before the host goes on.
enum settling { SETTLED, SETTLING_PREPARED, SETTLING_ACTIVE };

struct weft_cluster {
	struct event_base *base;
	const struct weft_etcd_config *config;
	struct weft_etcd *etcd;
	const struct weft_cluster_ops *ops;
	void *host; // the argument of OPS
	char name[WEFT_NAME_SIZE];
	char me[128];		   // "name/incarnation"
	bool broken_barrier;	   // see weft_cluster_break_barrier()
	struct publication pub;	   // the latest of those that concern this host; it sees each of them, in order
	struct publication last;   // the latest that this host knows of
	struct weft_error trouble; // the last error, for the status
	struct weft_error bad;	   // a record that no host has written like this; empty: none is known

	// The lease (cluster.c).
	struct event *tick;
	int64_t lease;	      // 0: none
	uint64_t lease_until; // ms, monotonic
	uint64_t keepalive_at;
	bool keeping;  // a request for a lease or a keepalive is under way
	bool granting; // it is a request for a lease
	bool fenced;

	// This host's part of the barrier (member.c, host_state.c, sync.c).
	struct weft_watch *watch; // of the publications that concern this host
	struct event *settle;	  // the timer that looks whether all workers have taken a change over
	enum settling settling;
	uint64_t retry_at, lazy_at; // ms, monotonic; LAZY_AT 0: nothing is to be reported later
	uint32_t retry_ms;
	bool synced;	     // in step with PUB since the last gap
	bool telling;	     // the state is being written
	bool tell_again;     // and has changed meanwhile
	bool busy;	     // a read must end before the next step
	bool bad_record;     // the record that was read last is missing, or is not of its generation
	bool missed;	     // a generation came and went meanwhile
	bool stuck;	     // cannot apply the generation in force; the barrier goes on without this host
	uint64_t generation; // in force here
	uint64_t prepared;   // generation; 0: none
	char prepared_id[ID_SIZE];
	uint64_t refused; // the generation that was last refused; 0: none
	char refused_id[ID_SIZE];
	struct weft_error reason; // why it was refused

	// The view of the whole policy (view.c).
	struct weft_model *view; // NULL: none
	uint64_t view_generation;
	json_t *view_next; // changes of the generation that is being agreed on
	uint64_t view_next_generation;
	char view_next_id[ID_SIZE];
	struct view_waiter *view_waiters;
	bool view_loading;

	struct driver *driver;
	struct acks *acks;
	struct claims *claims; // NULL: the host has no rates to share
};
