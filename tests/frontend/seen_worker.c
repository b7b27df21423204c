// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The worker stops, or is kept busy.
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files.h"
#include "seen.h"

static const char *
interrupt_that_blocks(struct faker *f)
{
	if (!faker_reach(f, doors_take(), STATE_RINGS))
		return "it could not connect";
	for (uint32_t r = 0; r < 2; r++)
		faker_say(f, VHOST_SET_VRING_CALL, r, file_of(FILE_EVENT_FULL));
	faker_kick(f);
	faker_enable(f);
	for (unsigned int i = 0; i < 4; i++) {
		faker_feed(f, 64);
		usleep(20000);
	}
	return NULL;
}

// The rings are in memory, and the frames in a file whose pages never come.
static const char *
memory_that_never_comes(struct faker *f)
{
	union vhost_payload m = { 0 };
	int fds[2] = { f->memory_fd, file_of(FILE_FUSE) };
	struct vring_desc *desc = (void *)(f->memory + FAKER_NEXT + FAKER_DESC);

	if (!faker_reach(f, doors_take(), STATE_FEATURES))
		return "it could not connect";
	m.table.n = 2;
	m.table.region[0] = (struct vhost_region){ FAKER_GPA, FAKER_SIZE, FAKER_USER, 0 };
	m.table.region[1] = (struct vhost_region){ FAKER_GPA + FAKER_SIZE, FAKER_SIZE, FAKER_USER + FAKER_SIZE, 0 };
	wire_send(&f->w, VHOST_SET_MEM_TABLE, VHOST_VERSION, &m, 72, fds, 2);
	faker_set_up(f, 0);
	faker_set_up(f, 1);
	faker_feed(f, FAKER_RING);
	for (unsigned int i = 0; i < FAKER_RING; i++)
		desc[i].addr += FAKER_SIZE;
	faker_kick(f);
	faker_enable(f);
	usleep(100000);
	return NULL;
}

#define POSTCOPY_ADVISE 28

// It hands out a descriptor with which faults of weftd's whole address space can be held up.
static const char *
postcopy(struct faker *f)
{
	if (!faker_reach(f, doors_take(), STATE_FEATURES))
		return "it could not connect";
	faker_ask(f, POSTCOPY_ADVISE);
	if (!wire_wait(&f->w, POSTCOPY_ADVISE))
		return f->w.silent ? "weft did not answer" : NULL;
	return f->w.fd >= 0 ? "weft handed out a descriptor of its address space" : NULL;
}

#define LONG_RING 32768u

// A frame of so many descriptors that have no length costs the time of all of them.
static const char *
empty_chains(struct faker *f)
{
	uint8_t *ring = f->memory + 4 * FAKER_NEXT;
	struct vring_desc *desc = (void *)ring;
	struct vring_avail *avail = (void *)(ring + LONG_RING * 16);
	struct vring_used *used = (void *)(ring + LONG_RING * 20);
	uint64_t end;

	if (!faker_reach(f, doors_take(), STATE_FEATURES))
		return "it could not connect";
	for (unsigned int i = 0; i < LONG_RING; i++) {
		desc[i] = (struct vring_desc){ FAKER_GPA + FAKER_SIZE - 4096, 0, VRING_DESC_F_NEXT, (uint16_t)(i + 1) };
		avail->ring[i] = 0;
	}
	desc[LONG_RING - 1] = (struct vring_desc){ FAKER_GPA + FAKER_SIZE - 4096, 100, 0, 0 };
	faker_give_memory(f);
	faker_set_up(f, 0);
	faker_tell(f, VHOST_SET_VRING_NUM, 1, LONG_RING);
	faker_tell(f, VHOST_SET_VRING_BASE, 1, 0);
	faker_place_ring(f, 1, 4 * FAKER_NEXT, 4 * FAKER_NEXT + LONG_RING * 16, 4 * FAKER_NEXT + LONG_RING * 20);
	faker_say(f, VHOST_SET_VRING_CALL, 1, f->event);
	faker_kick(f);
	faker_enable(f);
	wire_probe(&f->w);
	end = wire_clock_us() + 1500000;
	while (wire_clock_us() < end) {
		uint16_t idx = (uint16_t)(__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) + 1024);

		__atomic_store_n(&avail->idx, idx, __ATOMIC_RELEASE);
		usleep(100);
	}
	return NULL;
}

#define CUT_SIZE (UINT64_C(16) << 20)
#define PIECES	 60

// Each page of a chain that is gone was replaced by a mapping of its own.
static void
cut(struct faker *f)
{
	union vhost_payload m = { 0 };
	int fds[2] = { f->memory_fd, file_memory(CUT_SIZE) };
	struct vring_desc *desc = (void *)(f->memory + FAKER_NEXT + FAKER_DESC);
	struct vring_avail *avail = (void *)(f->memory + FAKER_NEXT + FAKER_AVAIL);

	if (!faker_reach(f, doors_take(), STATE_FEATURES))
		return;
	m.table.n = 2;
	m.table.region[0] = (struct vhost_region){ FAKER_GPA, FAKER_SIZE, FAKER_USER, 0 };
	m.table.region[1] = (struct vhost_region){ FAKER_GPA + FAKER_SIZE, CUT_SIZE, FAKER_USER + FAKER_SIZE, 0 };
	wire_send(&f->w, VHOST_SET_MEM_TABLE, VHOST_VERSION, &m, 72, fds, 2);
	faker_set_up(f, 0);
	faker_set_up(f, 1);
	faker_kick(f);
	faker_enable(f);
	wire_probe(&f->w);
	if (ftruncate(fds[1], 0) == 0) {
		for (uint16_t i = 0; i < 4 * PIECES; i++)
			desc[i] = (struct vring_desc){ FAKER_GPA + FAKER_SIZE + i * 8192ull, 16,
				i % PIECES == PIECES - 1 ? 0 : VRING_DESC_F_NEXT, (uint16_t)(i + 1) };
		for (uint16_t i = 0; i < 4; i++)
			avail->ring[i] = i * PIECES;
		__atomic_store_n(&avail->idx, 4, __ATOMIC_RELEASE);
	}
	close(fds[1]);
}

static const char *
memory_that_is_cut(struct faker *f)
{
	for (unsigned int i = 0; i < SEEN_FAKERS; i++)
		cut(&f[i]);
	usleep(200000);
	return NULL;
}

#define HOLE_SIZE  (UINT64_C(1) << 30)
#define HOLES_US   8000000
#define HOLES_EACH 5 // of a connection that weft does not end

struct holes {
	unsigned int connections, punched;
	unsigned int kept; // connections that weft served after so many
	uint64_t us;	   // while a hole was punched
};

// One connection. A GiB of pages goes away all at once, with the rings in it, again and again until weft ends it.
static void
punch_holes(struct faker *f, struct holes *holes)
{
	bool served = true;

	holes->connections++;
	for (unsigned int i = 0; i < HOLES_EACH && served; i++) {
		uint64_t start;

		if (fallocate(f->memory_fd, 0, 0, (off_t)HOLE_SIZE))
			return;
		start = wire_clock_us();
		fallocate(f->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)HOLE_SIZE);
		holes->us += wire_clock_us() - start;
		holes->punched++;
		served = wire_probe(&f->w);
	}
	holes->kept += served;
}

// A front end that comes back as fast as it may.
static const char *
memory_full_of_holes(struct faker *f)
{
	static char text[160];
	struct door *door = doors_take();
	uint64_t start = wire_clock_us();
	struct holes holes = { 0 };

	if (ftruncate(f->memory_fd, (off_t)HOLE_SIZE))
		return "this machine has not the memory";
	while (wire_clock_us() - start < HOLES_US) {
		if (faker_reach(f, door, STATE_SPLIT) && wire_probe(&f->w))
			punch_holes(f, &holes);
		wire_close(&f->w);
	}
	snprintf(text, sizeof(text),
		"%u connections with %u holes, in %lu %% of the time; weft would not end %u of them", holes.connections,
		holes.punched, holes.us * 100 / (wire_clock_us() - start), holes.kept);
	fprintf(stderr, "%s\n", text);
	return holes.kept || holes.connections == 0 ? text : NULL;
}

const struct seen seen_worker[] = {
	{ "interrupt-that-blocks", interrupt_that_blocks },
	{ "memory-that-never-comes", memory_that_never_comes },
	{ "postcopy", postcopy },
	{ "empty-chains", empty_chains },
	{ "memory-that-is-cut", memory_that_is_cut },
	{ "memory-full-of-holes", memory_full_of_holes },
	{ NULL, NULL },
};
