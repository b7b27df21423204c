// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One virtqueue of a guest, behind three functions. Two implementations: weft's own (split.c, packed.c), which
// the rest of this header is about, and the library's (library.c).
//
// The ring's memory is the guest's: it may change at any moment, and says whatever the guest likes. So every field
// is read once, into a copy, and the copy is checked and used. What cannot be is a fault: the ring stops, and stays
// stopped until the guest sets it up again. A burst is completed before it returns, in the order in which the guest
// made its buffers available, so between bursts nothing is in flight: all that a ring has to remember is its index.
//
// Formats: Virtual I/O Device (VIRTIO) 1.1, 2.6 (split virtqueues), 2.7 (packed), 5.1.6 (network packets).
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>

#include <linux/virtio_net.h>
#include <rte_mbuf.h>
#include <rte_vhost.h>

#include "memory.h"

// The last buffers of a burst are prefetched while the first are copied: more than that does not help.
#define VHOST_BURST 32
// The longest frame that is taken, with all that a guest may put in front of it.
#define VHOST_FRAME_MAX 65535

// Why a ring stopped. vhost_fault_text() has the words.
enum vhost_fault {
	VHOST_FAULT_NONE,
	VHOST_FAULT_SETUP,     // its memory is not aligned, or its size not allowed
	VHOST_FAULT_INDEX,     // the available index is further ahead than the ring is long
	VHOST_FAULT_HEAD,      // a descriptor's number is beyond the ring
	VHOST_FAULT_CHAIN,     // a chain is longer than the ring, or never ends
	VHOST_FAULT_ADDRESS,   // a buffer lies outside of the guest's memory
	VHOST_FAULT_INDIRECT,  // an indirect table was not negotiated, nested, empty, or no table
	VHOST_FAULT_DIRECTION, // a buffer to read from is for writing, or the other way round
	VHOST_FAULT_LENGTH,    // a frame is longer than VHOST_FRAME_MAX
	VHOST_FAULT_MEMORY,    // the file behind the guest's memory was cut short
	VHOST_N_FAULTS
};

struct vhost_ring;

struct vhost_ring_ops {
	// Owner worker. Takes up to N (VHOST_BURST at most) frames from the guest into mbufs of POOL, as long as
	// *BYTES is above 0, and subtracts their lengths: the last frame may overdraw. Frames that there are no mbufs
	// for stay in the ring. Returns how many; they are the caller's.
	uint16_t (*dequeue)(
		struct vhost_ring *ring, struct rte_mempool *pool, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes);
	// Owner worker. Copies frames of PKTS to the guest until one does not fit. Returns how many the guest got;
	// all mbufs stay the caller's.
	uint16_t (*enqueue)(struct vhost_ring *ring, struct rte_mbuf *const *pkts, uint16_t n);
	// Owner worker, where PENDING. Interrupts the guest for what the bursts since the last time did, if it wants
	// that.
	void (*notify)(struct vhost_ring *ring);
};

extern const struct vhost_ring_ops vhost_split_ops;
extern const struct vhost_ring_ops vhost_packed_ops;
extern const struct vhost_ring_ops vhost_library_ops;

// The worker's while the port's rings run, the event thread's while they are suspended.
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
	struct rte_vhost_inflight_info_packed *inflight; // packed, where the front end keeps it, or NULL
	uint64_t used_gpa;				 // where the used ring's writes are logged
	uint16_t size;					 // entries; a power of two where split
	uint16_t header;				 // bytes before each frame, 10 or 12
	uint16_t next;	    // split: index of the next entry, counting on; packed: its position
	uint16_t seen;	    // split: the guest's available index when last looked
	uint16_t signalled; // like next, at the last interrupt
	uint16_t lap;	    // packed: times that next went round, never 0
	bool wrap;	    // packed: the wrap counter at next
	bool pending;	    // buffers were given back since the last notify
	bool fresh;	    // the guest was not interrupted yet
	bool misfit;	    // enqueue stopped at a frame that is longer than the guest's next buffer
	uint32_t misfits;   // how often
	bool to_guest;
	bool mergeable, in_order, event_idx, indirect;
	bool log;	       // writes to the guest's memory are marked in its dirty log
	_Atomic uint8_t fault; // enum vhost_fault; read by control
	uint32_t hot;	       // the region that the last buffer was in
	int callfd;	       // -1: the guest polls
	int vid;
	uint16_t index;								 // the library's number of the queue
	void (*mark)(const struct vhost_ring *ring, uint64_t gpa, uint64_t len); // the dirty log
} __rte_cache_aligned;

// Packed rings with INFLIGHT: goes on where the last owner of the ring ended, and writes down where we are. Event
// thread and owner worker.
void vhost_packed_recover(struct vhost_ring *ring);
void vhost_packed_remember(const struct vhost_ring *ring);

// Any thread. A fault in words: what the guest did, for "the guest ... ".
const char *vhost_fault_text(enum vhost_fault fault);
