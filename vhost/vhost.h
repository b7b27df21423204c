// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The vhost-user port, as its files share it. Four threads meet here: control opens and closes, the
// connector connects, the library's event thread calls back, the owner worker moves packets.
#pragma once

#include <pthread.h>

#define VHOST_RARP_WANTED (1ULL << 48)
#define VHOST_CUT_TEXT	  "the guest cut the file behind its memory short: its front end has to connect again"

#include "weft/compat.h"
#include "weft/portio.h"

#include "ring.h"

struct vhost_port {
	struct vhost_port *next;       // connector's list, under its lock
	struct vhost_port *next_bound; // of those with a like path, under device.c's lock
	struct weft_portio *io;
	char path[108];
	char name[160];
	bool server;
	bool library;	     // the rings are the library's
	uint16_t max_queues; // pairs

	// Callbacks, on the event thread.
	_Atomic int connection;	  // the one connection's vid, running or not; -1: none
	int vid;		  // the same while the device runs, else -1
	uint16_t inflight_queues; // rings that the front end keeps in-flight pages for; 0: it keeps none
	uint16_t inflight_size;	  // entries for a ring in those

	// The worker's while RUNNING is true. Callbacks make it false, wait until every worker has seen that, and
	// then may change what follows.
	_Atomic bool running;
	_Atomic uint32_t to_guest; // set of pairs whose ring to the guest is enabled
	_Atomic uint32_t from_guest;
	struct guest_memory memory;
	struct vhost_ring rings[2 * WEFT_MAX_QUEUE_PAIRS]; // numbered as virtio does: even ones go to the guest

	_Atomic bool cut;      // its front end took memory away that was in use: it has to connect again
	_Atomic uint64_t rarp; // a MAC that moved here, and RARP_WANTED: the worker sends a RARP for it

	// Written by callbacks and the connector, read by control for its reports.
	_Atomic uint64_t features;
	_Atomic uint64_t connects;
	_Atomic uint16_t mtu;
	pthread_mutex_t error_lock;
	char error[160];

	// Connector only, under its lock.
	bool registered;     // with the library
	_Atomic bool closed; // set by the callback: the connection is gone
	uint64_t next_try_ms;
	uint32_t backoff_ms;

	// Owner worker only.
	uint16_t next_queue;
} __rte_cache_aligned;

// device.c
int vhost_device_register(struct vhost_port *port); // the library's registration and start; 0 or -errno
struct vhost_port *vhost_device_port(int vid);	    // the port of a connection, or NULL
void vhost_device_bind(struct vhost_port *port);    // lets callbacks find the port by its path
void vhost_device_unbind(struct vhost_port *port);
bool vhost_device_path_in_use(const char *path);

__attribute__((format(printf, 2, 3))) void vhost_set_error(struct vhost_port *port, const char *fmt, ...);

// messages.c: the library's callbacks before and after each message of a front end. Event thread.
extern const struct rte_vhost_user_extern_ops vhost_message_ops;

// rings.c: event thread. Suspended rings are not the worker's; resuming loads them from what the library knows.
void vhost_rings_suspend(struct vhost_port *port);
void vhost_rings_resume(struct vhost_port *port);

// connector.c: one thread that connects client ports as their sockets appear.
int vhost_connector_add(struct vhost_port *port);
void vhost_connector_remove(struct vhost_port *port);
void vhost_connector_wake(void); // any thread

// sigbus.c: the port whose front end's memory this thread touches, if any. Control, before the first port opens.
extern _Thread_local struct vhost_port *volatile vhost_exposed;
void vhost_sigbus_init(void);

// This thread touches memory that PORT's front end may take away, until it says NULL.
static inline void
vhost_expose(struct vhost_port *port)
{
	atomic_signal_fence(memory_order_seq_cst);
	vhost_exposed = port;
	atomic_signal_fence(memory_order_seq_cst);
}

// queues.c: owner worker.
uint16_t vhost_rx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes);
void vhost_notify_guests(struct weft_portio *io);
uint16_t vhost_tx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n);
