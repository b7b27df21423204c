// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Rings without a guest.
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "tests/harness/eal.h"

#define PAGE 4096

struct rte_mempool *
arena_pool(void)
{
	struct rte_mempool *pool;

	if (EAL_START("--no-huge", "-m64", "--lcores=0", "--log-level=*:error") < 0)
		abort();
	pool = rte_pktmbuf_pool_create("arena", 2047, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL)
		abort();
	return pool;
}

static void
init_ring(struct arena *a, unsigned int i, uint16_t size, uint64_t features)
{
	size_t offset = i * DRIVER_BYTES(size);
	struct vhost_ring *r = &a->ring[i];
	struct driver *d = &a->driver[i];
	bool packed = features >> VIRTIO_F_RING_PACKED & 1;

	driver_init(d, a->memory[0] + offset, ARENA_GPA + offset, size, features, i == 0);
	memset(r, 0, sizeof(*r));
	r->ops = packed ? &weft_packed_ops : &weft_split_ops;
	r->desc = d->desc;
	r->avail = d->avail;
	r->used = d->used;
	r->mem = &a->table;
	r->used_gpa = ARENA_GPA + offset + (packed ? 0 : (uint64_t)((uint8_t *)d->used - d->base));
	r->size = size;
	r->header = packed || features & (FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_NET_F_MRG_RXBUF)) ? 12 : 10;
	r->wrap = true;
	r->fresh = true;
	r->to_guest = i == 0;
	r->mergeable = features >> VIRTIO_NET_F_MRG_RXBUF & 1;
	r->in_order = features >> VIRTIO_F_IN_ORDER & 1;
	r->event_idx = features >> VIRTIO_RING_F_EVENT_IDX & 1;
	r->indirect = features >> VIRTIO_RING_F_INDIRECT_DESC & 1;
	r->log = a->log.bits ? &a->log : NULL;
	r->call = -1;
}

void
arena_init(struct arena *a, uint16_t size, uint64_t features, bool log)
{
	const uint64_t pages_of[ARENA_REGIONS] = { 0, 22, 15, 11 };
	uint64_t gpa = ARENA_DATA_GPA;

	memset(a, 0, sizeof(*a));
	for (unsigned int i = 0; i < ARENA_REGIONS; i++) {
		a->length[i] = i ? pages_of[i] * PAGE : 2 * DRIVER_BYTES(size);
		a->memory[i] = aligned_alloc(PAGE, (a->length[i] + PAGE - 1) / PAGE * PAGE);
		if (a->memory[i] == NULL)
			abort();
		memset(a->memory[i], 0, a->length[i]);
		a->table.regions[i] = (struct guest_region){ i ? gpa : ARENA_GPA, a->length[i], a->memory[i] };
		gpa += i ? a->length[i] : 0;
	}
	a->table.n = ARENA_REGIONS;
	if (log) {
		a->log.size = gpa / PAGE / 8 + 1;
		a->log.bits = calloc(a->log.size, 1);
		if (a->log.bits == NULL)
			abort();
	}
	for (unsigned int i = 0; i < 2; i++)
		init_ring(a, i, size, features);
}

void
arena_free(struct arena *a)
{
	for (unsigned int i = 0; i < ARENA_REGIONS; i++)
		free(a->memory[i]);
	free(a->log.bits);
}

static bool
copy(const struct arena *a, uint64_t gpa, uint8_t *data, uint32_t len, bool write)
{
	while (len) {
		uint64_t here = len;
		uint8_t *p = guest_memory_piece(&a->table, gpa, &here);

		if (p == NULL)
			return false;
		memcpy(write ? p : data, write ? data : p, here);
		gpa += here;
		data += here;
		len -= (uint32_t)here;
	}
	return true;
}

bool
arena_read(const struct arena *a, uint64_t gpa, void *to, uint32_t len)
{
	return copy(a, gpa, to, len, false);
}

bool
arena_write(struct arena *a, uint64_t gpa, const void *from, uint32_t len)
{
	return copy(a, gpa, (uint8_t *)(uintptr_t)from, len, true);
}

bool
arena_marked(const struct arena *a, uint64_t gpa)
{
	return a->log.bits[gpa / PAGE / 8] >> gpa / PAGE % 8 & 1;
}
