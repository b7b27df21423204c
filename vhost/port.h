// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A vhost-user port, as the files of this folder share it. Four threads meet here: control opens and closes ports, the
// connector connects them, the library's event thread calls back, and the owner worker moves packets.
#pragma once

#include <pthread.h>

#include "weft/compat.h"
#include "weft/portio.h"

#include "ring.h"

#define VHOST_RARP_WANTED (1ULL << 48)

struct vhost_port {
	struct vhost_port *next;       // connector's list, under its lock
	struct vhost_port *next_bound; // in the registry, under its lock
	struct weft_portio *io;
	char path[108];
	char name[160];
	bool server;
	bool library;	     // the rings are the library's
	uint16_t max_queues; // pairs

	// Callbacks, on the event thread.
	_Atomic int connection;	  // the library's number (vid) of the one connection, running or not; -1: none
	int vid;		  // the same while the device runs, else -1
	uint16_t inflight_queues; // rings for which the front end keeps in-flight pages; 0: it keeps none
	uint16_t inflight_size;	  // entries for a ring in those

	// The worker's while RUNNING is true. Callbacks make RUNNING false, wait until every worker has finished its
	// round, and may then change what follows.
	_Atomic bool running;
	_Atomic uint32_t to_guest; // set of pairs whose ring to the guest is enabled
	_Atomic uint32_t from_guest;
	struct guest_memory memory;
	struct vhost_ring rings[2 * WEFT_MAX_QUEUE_PAIRS]; // numbered as virtio does: even ones go to the guest

	_Atomic bool cut;      // the front end took away memory that was in use: it has to connect again
	_Atomic uint64_t rarp; // a MAC that moved here, with VHOST_RARP_WANTED: the worker sends a RARP for it

	// Written by callbacks and the connector, read by control for its reports.
	_Atomic uint64_t features;
	_Atomic uint64_t connects;
	_Atomic uint16_t mtu;
	pthread_mutex_t error_lock;
	char error[160];

	// Connector only, under its lock.
	bool registered;	 // with the library
	_Atomic bool closed;	 // set by the callback: the connection is gone
	void (*on_closed)(void); // called after that, on the event thread; NULL: a server
	uint64_t next_try_ms;
	uint32_t backoff_ms;

	// Owner worker only.
	uint16_t next_queue;
} __rte_cache_aligned;
