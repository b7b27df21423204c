// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// In-flight pages (VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD): memory that the front end keeps over weft's death. weft makes
// it, the front end holds it and gives it to the next weftd. A page for each ring. Of a split ring's page weft uses
// nothing; a packed ring's says where weft is (packed.c). What stands there is input like any other.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "window.h"

// What a front end and weft say of the pages, as it lies on the wire (message.h).
struct vhost_inflight_area {
	uint64_t size; // bytes
	uint64_t offset;
	uint16_t n_queues;
	uint16_t queue_size; // entries
	uint32_t padding;    // QEMU's and DPDK's structures have it
};

// The page of a packed ring (vhost-user's specification, "Inflight I/O tracking", QueueRegionPacked).
struct vhost_inflight_desc {
	uint8_t inflight;
	uint8_t padding;
	uint16_t next;
	uint16_t last;
	uint16_t num;
	uint64_t counter;
	uint16_t id;
	uint16_t flags;
	uint32_t len;
	uint64_t addr;
};

struct vhost_inflight_packed {
	uint64_t features;
	uint16_t version;
	uint16_t desc_num;
	uint16_t free_head;
	uint16_t old_free_head;
	uint16_t used_idx;
	uint16_t old_used_idx;
	uint8_t used_wrap_counter;
	uint8_t old_used_wrap_counter;
	uint8_t padding[7];
	struct vhost_inflight_desc desc[];
};

struct vhost_inflight {
	uint8_t *base; // NULL: there are none
	uint16_t n_queues;
	uint16_t queue_size; // entries of each page
	size_t page;	     // bytes of each
	struct vhost_window window;
};

// Makes pages for AREA's queues. Returns a new descriptor of their file, which the caller owns, with AREA's size and
// offset filled in; or -errno. Front ends' thread.
int weft_inflight_make(struct vhost_inflight_area *area, bool packed);

// Maps the pages in FD that AREA describes as INFLIGHT, which is empty. Returns 0, and FD is INFLIGHT's; or -errno as
// weft_window_map() does, -EINVAL where AREA is not sound: INFLIGHT stays empty. Whoever unmaps the window ends it. No ring runs
// meanwhile.
int weft_inflight_map(struct vhost_inflight *inflight, const struct vhost_inflight_area *area, int fd, bool packed);

// The page of the packed ring INDEX with SIZE entries, or NULL: there is none that is large enough.
struct vhost_inflight_packed *weft_inflight_page(const struct vhost_inflight *inflight, uint16_t index, uint16_t size);
