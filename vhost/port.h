// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A vhost-user port, as the files of this folder share it. Three threads meet here: control opens and closes it, the front
// ends' thread speaks the protocol, and the owner worker moves packets.
#pragma once

#include <pthread.h>

#include "weft/portio.h"

#include "vhost/memory/dirty_log.h"
#include "vhost/memory/guest_memory.h"
#include "vhost/memory/inflight.h"
#include "vhost/rings/ring.h"

#include "connection.h"

#define VHOST_N_RINGS (2 * WEFT_MAX_QUEUE_PAIRS)

// Stands before an error that is about an earlier connection.
#define VHOST_BEFORE "before: "

#define VHOST_RARP_WANTED (1ULL << 48)

// A ring as the front end has described it. Addresses stay as they came: they are translated when the ring starts, and
// whenever memory, size or features change.
struct vhost_vring {
	uint16_t size;	// entries; 0: not said
	bool addressed; // ADDR is what the front end said
	bool started;	// SET_VRING_KICK came, and GET_VRING_BASE has not since
	bool enabled;	// SET_VRING_ENABLE said so; it counts where protocol features are negotiated
	bool placed;	// BASE is weft's place; else what the front end says about where the ring starts
	uint16_t base;	// split: the next entry; packed: its position, and the wrap counter in the highest bit
	int call;	// an eventfd, or -1
	struct vhost_vring_addr addr;
};

struct vhost_port {
	// The worker's while RUNNING is true. The front ends' thread makes it false, waits until every worker has
	// finished its round, and then may change what follows.
	_Atomic bool running;
	uint16_t next_queue;	   // owner worker only
	uint16_t reading;	   // likewise: the ring that is read
	_Atomic uint32_t to_guest; // set of pairs whose ring to the guest runs
	_Atomic uint32_t from_guest;
	_Atomic uint64_t rarp; // a MAC that moved here, with VHOST_RARP_WANTED: the worker sends a RARP for it
	struct weft_portio *io;
	struct vhost_ring rings[VHOST_N_RINGS]; // numbered as virtio does: even ones go to the guest

	// Set at open.
	char path[108];
	char name[160];
	bool server;
	uint16_t max_queues; // pairs

	// The front ends' thread only.
	struct vhost_port *next;	     // names.c
	uint32_t agenda;		     // its place in the agenda, or 0
	uint64_t due_ms;		     // when it will be looked at
	struct vhost_connection *connection; // NULL: no front end
	struct vhost_vring vrings[VHOST_N_RINGS];
	struct vhost_memory *memory; // NULL: none yet
	struct vhost_log log;
	struct vhost_inflight inflight;
	struct vhost_trash *trash; // what it is rid of, and what is not closed or unmapped yet
	uint64_t protocol;	   // features of the protocol in use
	bool negotiated;	   // SET_FEATURES came
	bool suspended;		   // workers leave the rings alone until vhost_device_resume()
	uint8_t status;		   // of the device (VIRTIO 1.1, 2.1)
	int listener;		   // server: the listening socket, else -1
	bool listens;		   // the thread waits for connections at it
	uint64_t next_try_ms;	   // when it may be connected again
	uint32_t backoff_ms;
	uint32_t pause_ms;     // for which it waits until it looks at its trash again
	int64_t messages_left; // that its front ends may send; see connection.h
	int64_t fds_left;
	uint64_t counted_ms;  // when they got some back
	int64_t left_us;      // for which it may keep the thread busy
	uint64_t refilled_us; // when it got some back
	bool was_up;	      // the link, in this connection
	uint32_t offences;    // how often in a row weft had to stop it
	uint64_t offended_ms; // when the last penalty was over
	uint64_t
		stalled_us; // for which it has held a thread up (stall.c); written by the thread that may use the rings
	uint64_t stalled_at_us;

	_Atomic uint8_t broken; // enum vhost_fault: why its connection has to end. Set by whoever finds out
	_Atomic bool flagged;	// among the ports that the front ends' thread has to look at (wake.h)
	struct vhost_port *next_flagged;

	// Read by control for its reports.
	_Atomic uint32_t pairs;	   // set of pairs whose rings both run without a fault: then the link is up
	_Atomic uint64_t features; // negotiated
	_Atomic uint64_t connects;
	_Atomic uint64_t
		quiet; // 2 * the ms since when its front end says nothing; + 1: in the middle of a message. 0: it may
	_Atomic uint16_t mtu;
	_Atomic uint16_t wanted; // queue pairs that the front end has enabled, also those that the port does not have
	pthread_mutex_t error_lock; // for what follows
	char error[WEFT_IO_ERROR_SIZE - sizeof(VHOST_BEFORE) + 1];
	bool error_is_old; // it is about an earlier connection
	uint64_t
		log_last; // the dirty log in use ends here, at a guest physical address; 0: it is as long as memory, or unused
	uint64_t memory_last; // where memory ends then
	uint64_t logged_ms;
	unsigned int logged; // lines since then
} __rte_cache_aligned;
