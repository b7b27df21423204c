// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// hostile_rings SEQUENCES SEED: guests that lie in every field of their rings, with every value that could matter, at
// every step of a burst's life; and some that change their memory while the switch reads it. Built with a sanitizer
// this shows each byte that is touched and should not be. A ring may stop; nothing else may happen.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "honest.h"

#define STEPS  12
#define VALUES 61

static struct honest guest;
static struct rte_mempool *pool;
static _Atomic bool racing;

// Where a guest can write what the switch reads, with the width of the field.
struct field {
	const char *name;
	uint64_t offset; // in the first region
	unsigned int width;
};

static unsigned int
fields_of(unsigned int r, uint16_t entry, struct field *f)
{
	const struct driver *d = &guest.arena.driver[r];
	uint64_t ring = (uint64_t)(d->base - guest.arena.memory[0]);
	uint64_t avail = ring + (uint64_t)((uint8_t *)d->avail - d->base),
		 used = ring + (uint64_t)((uint8_t *)d->used - d->base);
	uint64_t desc = ring + entry * 16ULL,
		 table = ring + (uint64_t)(d->tables - d->base) + entry * DRIVER_MAX_PIECES * 16ULL;
	bool packed = d->features >> VIRTIO_F_RING_PACKED & 1;
	const struct field split_fields[] = {
		{ "descriptor address", desc, 8 },
		{ "descriptor length", desc + 8, 4 },
		{ "descriptor flags", desc + 12, 2 },
		{ "descriptor next", desc + 14, 2 },
		{ "available flags", avail, 2 },
		{ "available index", avail + 2, 2 },
		{ "available entry", avail + 4 + 2ULL * entry, 2 },
		{ "used event", avail + 4 + 2ULL * d->size, 2 },
		{ "used flags", used, 2 },
		{ "used index", used + 2, 2 },
		{ "used entry", used + 4 + 8ULL * entry, 4 },
		{ "table address", table, 8 },
		{ "table length", table + 8, 4 },
		{ "table flags", table + 12, 2 },
		{ "table next", table + 14, 2 },
	};
	const struct field packed_fields[] = {
		{ "descriptor address", desc, 8 },
		{ "descriptor length", desc + 8, 4 },
		{ "descriptor id", desc + 12, 2 },
		{ "descriptor flags", desc + 14, 2 },
		{ "driver event", avail, 2 },
		{ "driver event flags", avail + 2, 2 },
		{ "device event", used, 2 },
		{ "device event flags", used + 2, 2 },
		{ "table address", table, 8 },
		{ "table length", table + 8, 4 },
		{ "table id", table + 12, 2 },
		{ "table flags", table + 14, 2 },
	};
	unsigned int n = packed ? RTE_DIM(packed_fields) : RTE_DIM(split_fields);

	memcpy(f, packed ? packed_fields : split_fields, n * sizeof(*f));
	return n;
}

// Values that could matter; for an address also those where the buffer, of LEN bytes, ends a little before or beyond
// the guest's memory.
static uint64_t
value_of(unsigned int i, uint32_t len, uint64_t before)
{
	const uint64_t end = ARENA_DATA_GPA + ARENA_DATA;
	uint16_t size = guest.arena.driver[0].size;
	const uint64_t values[VALUES] = { 0, 1, 2, 3, 4, 7, 8, 10, 11, 12, 13, 15, 16, 17, size - 1u, size, size + 1u,
		2u * size, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x8000, 0x8080, 0x8001, 0x8082, 0x7fff, 0xffff, 0x10000,
		65536 + 12, 65535 + 13, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, ARENA_GPA, ARENA_GPA + 1,
		ARENA_DATA_GPA - 1, ARENA_DATA_GPA, ARENA_DATA_GPA + 22 * 4096 - 1, end - 1, end, end - 12, end - 13,
		UINT64_MAX, UINT64_MAX - 11, 1ULL << 63, before + 1, before - 1, before ^ 1, before ^ 2, before ^ 4,
		before ^ 0x80, before ^ 0x8000, before + size, before + size + 1, end - len, end - len + 1,
		end - len + 2, end - len + 8 };

	return values[i];
}

static void
poke(uint64_t offset, unsigned int width, unsigned int value)
{
	uint64_t before = 0, after;
	uint32_t len = 0;

	memcpy(&before, guest.arena.memory[0] + offset, width);
	// Behind an address stands the length.
	if (width == sizeof(uint64_t))
		memcpy(&len, guest.arena.memory[0] + offset + sizeof(uint64_t), sizeof(len));
	after = value_of(value, len, before);
	memcpy(guest.arena.memory[0] + offset, &after, width);
}

// What an honest guest does in step S; the switch takes its turn in between.
static void
step(unsigned int s)
{
	switch (s % 4) {
	case 0:
		honest_offer(&guest, 6);
		break;
	case 1:
		honest_send(&guest, 6);
		break;
	case 2:
		honest_echo(&guest, pool);
		break;
	default:
		honest_take(&guest);
	}
}

static void
check_pool(uint64_t what)
{
	if (guest.error[0] && strstr(guest.error, "mbuf")) {
		fprintf(stderr, "sequence %lu: %s\n", what, guest.error);
		exit(1);
	}
	honest_free(&guest);
	if (rte_mempool_avail_count(pool) != 2047) {
		fprintf(stderr, "sequence %lu: mbufs are lost\n", what);
		exit(1);
	}
}

// One lie: FIELD of ENTRY of ring R, VALUE, told at STEP.
static void
lie(uint64_t features, uint16_t size, unsigned int r, uint16_t entry, unsigned int field, unsigned int value,
	unsigned int at, uint64_t sequence)
{
	struct field fields[16];

	honest_init(&guest, sequence + 1, size, features, sequence % 3 == 0);
	fields_of(r, entry, fields);
	for (unsigned int s = 0; s < STEPS; s++) {
		if (s == at)
			poke(fields[field].offset, fields[field].width, value);
		step(s);
	}
	check_pool(sequence);
}

// Writes over the rings and their tables until told to stop.
static void *
scribble(void *arg)
{
	uint64_t random = (uint64_t)(uintptr_t)arg | 1;

	while (atomic_load_explicit(&racing, memory_order_relaxed)) {
		unsigned int r = honest_below(&random, 2), n;
		struct field fields[16];

		n = fields_of(r, (uint16_t)honest_below(&random, guest.arena.driver[0].size), fields);
		n = honest_below(&random, n);
		poke(fields[n].offset, fields[n].width, honest_below(&random, VALUES));
	}
	return NULL;
}

static void
race(uint64_t features, uint16_t size, uint64_t sequence)
{
	pthread_t thread;

	honest_init(&guest, sequence + 1, size, features, sequence & 1);
	atomic_store(&racing, true);
	if (pthread_create(&thread, NULL, scribble, (void *)(uintptr_t)(sequence * 7919)))
		exit(1);
	for (unsigned int s = 0; s < 200; s++) {
		// A ring that stopped is set up again.
		atomic_store(&guest.arena.ring[s & 1].fault, VHOST_FAULT_NONE);
		step(s);
	}
	atomic_store(&racing, false);
	pthread_join(thread, NULL);
	check_pool(sequence);
}

int
main(int argc, char **argv)
{
	uint64_t sequences = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000, races = sequences / 200, told = 0;
	uint64_t random = (argc > 2 ? strtoull(argv[2], NULL, 10) : 1) * UINT64_C(0x9e3779b97f4a7c15) + 1;
	struct field fields[16];

	pool = arena_pool();
	// In turn every field with every value at every step, in layouts as they come.
	for (uint64_t i = 0; i < sequences; i++) {
		uint64_t features = honest_features(&random);
		// Long rings are for chains that are longer than the switch has room for.
		uint16_t size = honest_below(&random, 16) ? (uint16_t)(8u << honest_below(&random, 3)) : 512;
		unsigned int n, r = (unsigned int)(i & 1);

		honest_init(&guest, 1, size, features, false);
		n = fields_of(r, 0, fields);
		honest_free(&guest);
		lie(features, size, r, (uint16_t)honest_below(&random, 8), (unsigned int)(i / 2 % n),
			(unsigned int)(i / 2 / n % VALUES), (unsigned int)(i / 2 / n / VALUES % STEPS), i);
		told++;
	}
	for (uint64_t i = 0; i < races; i++, told++)
		race(honest_features(&random), (uint16_t)(8u << honest_below(&random, 3)), i);
	printf("%lu hostile sequences, %lu of them racing: 0 wrong accesses, 0 mbufs lost\n", told, races);
	return 0;
}
