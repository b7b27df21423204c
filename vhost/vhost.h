// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The vhost-user port, as its files share it. Four threads meet here: control opens and closes, the
// connector connects, the library's event thread calls back, the owner worker moves packets.
#pragma once

#include <pthread.h>

#include "weft/compat.h"
#include "weft/portio.h"

struct vhost_port {
	struct vhost_port *next;       // connector's list, under its lock
	struct vhost_port *next_bound; // of those with a like path, under device.c's lock
	struct weft_portio *io;
	char path[108];
	char name[160];
	bool server;
	uint16_t max_queues; // pairs

	// Written by the library's callbacks, read by the worker. A device that the worker may use has
	// vid >= 0; before destroy_device returns, it is -1 and every worker has seen that.
	_Atomic int vid;
	_Atomic int connection;	   // the one connection's vid, running or not; -1: none
	_Atomic uint32_t to_guest; // set of pairs whose ring to the guest is enabled
	_Atomic uint32_t from_guest;

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
	uint64_t served; // connects, when the worker last looked
	uint32_t silent; // pairs whose guest was told not to kick
} __rte_cache_aligned;

// device.c
int vhost_device_register(struct vhost_port *port); // the library's registration and start; 0 or -errno
void vhost_device_bind(struct vhost_port *port);    // lets callbacks find the port by its path
void vhost_device_unbind(struct vhost_port *port);
bool vhost_device_path_in_use(const char *path);

__attribute__((format(printf, 2, 3))) void vhost_set_error(struct vhost_port *port, const char *fmt, ...);

// connector.c: one thread that connects client ports as their sockets appear.
int vhost_connector_add(struct vhost_port *port);
void vhost_connector_remove(struct vhost_port *port);
void vhost_connector_wake(void); // any thread

// ring.c: owner worker.
uint16_t vhost_rx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n);
uint16_t vhost_tx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n);
