// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One virtqueue of a guest, behind three functions, for split rings (split.c) and packed ones (packed.c).
//
// The ring's memory belongs to the guest, which may write anything to it at any moment. So every field is read once,
// into a copy, and the copy is checked and used. A copy that makes no sense is a fault: the ring stops, until the guest
// sets it up again. A burst is complete when it returns, in the order in which the guest made its buffers available. So
// nothing is in flight between bursts, and a ring remembers only its index.
//
// Formats: Virtual I/O Device (VIRTIO) 1.1, 2.6 (split virtqueues), 2.7 (packed), 5.1.6 (network packets).
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <rte_mbuf.h>

#include "vhost/memory/dirty_log.h"
#include "vhost/memory/guest_memory.h"
#include "vhost/memory/inflight.h"

#include "fault.h"

// Frames in a burst. The last buffers are prefetched while the first are copied: longer bursts do not help.
#define VHOST_BURST 32

struct vhost_ring;

struct vhost_ring_ops {
	// Owner worker. Takes up to N (VHOST_BURST at most) frames from the guest into mbufs of POOL, as long as
	// *BYTES is above 0, and subtracts their lengths: the last frame may overdraw. Frames for which there
	// are no mbufs stay in the ring. Returns how many it took; they are the caller's.
	uint16_t (*dequeue)(
		struct vhost_ring *ring, struct rte_mempool *pool, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes);
	// Owner worker. Copies frames of PKTS to the guest until one does not fit. Returns how many the guest got;
	// all mbufs stay the caller's.
	uint16_t (*enqueue)(struct vhost_ring *ring, struct rte_mbuf *const *pkts, uint16_t n);
	// Owner worker, where PENDING. Interrupts the guest for the bursts since the last time, if it wants that.
	void (*notify)(struct vhost_ring *ring);
};

// The worker's while the port's rings run, the front ends' thread's while they are suspended.
struct vhost_ring {
	const struct vhost_ring_ops *ops;
	union {
		struct vring_desc *desc;
		struct vring_packed_desc *packed;
	};
	union {
		struct vring_avail *avail;
		struct vring_packed_desc_event *driver_event;
	};
	union {
		struct vring_used *used;
		struct vring_packed_desc_event *device_event;
	};
	const struct guest_memory *mem;
	struct vhost_inflight_packed *inflight; // packed: the front end's page, or NULL
	const struct vhost_log *log;		// where writes to the guest's memory are marked, or NULL

	uint16_t size;	    // entries; a power of two where split
	uint16_t header;    // bytes before each frame, 10 or 12
	uint16_t next;	    // split: index of the next entry, counting on; packed: its position
	uint16_t seen;	    // split: the guest's available index when last looked
	uint16_t signalled; // what next was at the last interrupt
	uint16_t lap;	    // packed: counts how often next went round; never 0
	bool wrap;	    // packed: the wrap counter at next
	bool pending;	    // buffers were given back since the last notify
	bool fresh;	    // the guest has not been interrupted yet
	bool misfit;	    // enqueue stopped at a frame that is longer than the guest's next buffer
	bool to_guest;
	bool mergeable, in_order, event_idx, indirect;
	_Atomic uint8_t fault; // enum vhost_fault; read by control
	uint16_t walked;       // descriptors of chains that this burst has walked
	uint32_t hot;	       // the region that the last buffer was in
	int call;	       // an eventfd; -1: the guest polls
	// Mbufs of the burst in work, which nobody else knows if an access to the guest's memory faults: TAKING of them,
	// from FIRST on. Those before FIRST are whole frames.
	uint16_t taking;
	struct rte_mbuf **first;

	_Atomic uint64_t fault_value;		  // of the fault, if it has one; read by control
	void (*stopped)(struct vhost_ring *ring); // called when a fault stops it, by the owner worker; or NULL
	uint64_t used_gpa;			  // where the used ring's writes are logged
	uint32_t misfits;			  // how often a frame was too long
	uint16_t index;				  // of the ring in its device
	uint8_t slow_calls;			  // interrupts in a row that took too long
} __rte_cache_aligned;
