// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One virtqueue as a guest's driver sees it, written from the specification and not from the switch's code: it makes
// buffers available, in whatever layout, and takes them back when they are used, once each or it says so.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#define DRIVER_MAX_SIZE	  1024
#define DRIVER_MAX_PIECES 64

#define FEATURE(bit) (1ULL << (bit))

struct piece {
	uint64_t gpa;
	uint32_t len;
};

// A buffer that is the device's.
struct out {
	bool there;
	uint16_t slots; // of the ring: descriptors (split), slots (packed)
	uint32_t cookie;
};

struct driver {
	uint64_t features;
	uint16_t size;
	bool to_guest;
	uint64_t gpa;  // where BASE is for the device
	uint8_t *base; // of the ring's memory, DRIVER_BYTES(size)
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
	uint8_t *tables; // indirect tables, one for each id
	uint16_t next_avail, next_used;
	uint16_t next_desc; // split, in order: the next descriptor
	bool avail_wrap, used_wrap;
	uint16_t free; // descriptors or slots that are ours
	uint16_t free_ids[DRIVER_MAX_SIZE], n_free_ids;
	uint16_t link[DRIVER_MAX_SIZE];	 // split: the next descriptor of a chain
	struct out out[DRIVER_MAX_SIZE]; // by id
	uint16_t order[DRIVER_MAX_SIZE]; // ids in the order in which they were made available
	uint32_t first, last;		 // of ORDER, counting on
	uint32_t batch_left;		 // in order: buffers that the used entry last seen stands for
	char error[200];		 // what the device did that it must not, empty if nothing
};

// Bytes of a ring's memory, tables and all.
#define DRIVER_BYTES(size) ((size_t)(size)*16 + 4096 + (size_t)(size)*8 + 4096 + (size_t)(size)*DRIVER_MAX_PIECES * 16)

// Starts a ring in zeroed memory of DRIVER_BYTES.
void driver_init(struct driver *d, uint8_t *base, uint64_t gpa, uint16_t size, uint64_t features, bool to_guest);

// Makes a buffer of N pieces available, through an indirect table if TABLE. False: the ring has no room.
bool driver_add(struct driver *d, const struct piece *pieces, uint16_t n, bool table, uint32_t cookie);

// Takes the next buffer that the device has used, with what it says it wrote. False: there is none, or d->error.
bool driver_take(struct driver *d, uint32_t *cookie, uint32_t *len);

// Buffers that the device has.
static inline uint32_t
driver_outstanding(const struct driver *d)
{
	return d->last - d->first;
}
