// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "innocent.h"

#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/rings/frontend.h"

#include "wire.h"

#define RING	    256
#define WINDOW	    128	     // frames on their way from one to the other
#define SLOT	    4096     // bytes from one buffer to the next
#define BUFFER	    1600     // bytes of a buffer
#define HEADER	    12	     // virtio's
#define HEAD	    (14 + 8) // Ethernet's, and the number
#define CANARIES    1024
#define PATIENCE_MS 15000

// Memory that weft may not write to.
struct span {
	uint64_t from, to;
};

struct guest {
	struct frontend f;
	struct span spans[CANARIES];
	unsigned int n_spans;
	uint32_t cookie[2];
	uint64_t sent, next; // the number that is to come
	uint64_t received, repeated, wrong;
};

static struct guest guests[2];
static pthread_t thread;
static _Atomic bool sending, running;
static _Atomic uint64_t n_received, n_rounds;
static uint64_t longest_us;

static uint8_t
canary_of(uint64_t at)
{
	// A byte that is cleared changes, and one in which an outer bit is set.
	return ((uint8_t)(0x5b + at * 7 + (at >> 12) * 13) & 0x7c) | 2;
}

static void
guard(struct guest *g, uint64_t from, uint64_t to)
{
	if (g->n_spans == CANARIES)
		errx(1, "too many canaries");
	g->spans[g->n_spans++] = (struct span){ from, to };
	for (uint64_t at = from; at < to; at++)
		g->f.base[at] = canary_of(at);
}

static uint64_t
slot_of(const struct guest *g, unsigned int ring, uint32_t cookie)
{
	return g->f.data + SLOT + (uint64_t)(ring * RING + cookie % RING) * SLOT;
}

// Canaries before and behind each ring, between its parts, around each buffer, and in all that is not used.
static void
guard_all(struct guest *g)
{
	uint64_t at = 0;

	for (unsigned int i = 0; i < 2; i++) {
		const struct driver *d = &g->f.ring[i];
		uint64_t ring = (uint64_t)(d->base - g->f.base);
		uint64_t avail = ring + (uint64_t)((uint8_t *)d->avail - d->base);
		uint64_t used = ring + (uint64_t)((uint8_t *)d->used - d->base);

		guard(g, at, ring);
		guard(g, ring + RING * 16, avail);
		guard(g, avail + 4 + RING * 2 + 2, used);
		at = used + 4 + RING * 8 + 2;
	}
	for (unsigned int i = 0; i < 2 * RING; i++) {
		uint64_t slot = slot_of(g, 0, 0) + (uint64_t)i * SLOT;

		guard(g, at, slot);
		at = slot + BUFFER;
	}
	guard(g, at, g->f.size);
}

uint64_t
innocent_changed(void)
{
	uint64_t changed = 0;

	for (unsigned int k = 0; k < 2; k++) {
		const struct guest *g = &guests[k];

		for (unsigned int i = 0; i < g->n_spans; i++)
			for (uint64_t at = g->spans[i].from; at < g->spans[i].to; at++)
				changed += g->f.base[at] != canary_of(at);
	}
	return changed;
}

uint64_t
innocent_watched(void)
{
	uint64_t bytes = 0;

	for (unsigned int k = 0; k < 2; k++)
		for (unsigned int i = 0; i < guests[k].n_spans; i++)
			bytes += guests[k].spans[i].to - guests[k].spans[i].from;
	return bytes;
}

// The frame NUMBER from guest K. Returns its length.
static uint32_t
make_frame(uint8_t *p, unsigned int k, uint64_t number)
{
	uint32_t length = HEAD + (uint32_t)(number * 7919 % 1400) + 40;

	memcpy(p, "\x52\x54\0\0\0", 5);
	memcpy(p + 6, "\x52\x54\0\0\0", 5);
	p[5] = (uint8_t)(2 - k);
	p[11] = (uint8_t)(1 + k);
	p[12] = 0x88;
	p[13] = 0xb5;
	memcpy(p + 14, &number, sizeof(number));
	for (uint32_t i = HEAD; i < length; i++)
		p[i] = (uint8_t)(number * 31 + i);
	return length;
}

static void
offer(struct guest *g)
{
	struct driver *d = &g->f.ring[0];

	while (driver_outstanding(d) < RING) {
		struct piece piece = { FRONTEND_GPA + slot_of(g, 0, g->cookie[0]), BUFFER };

		driver_add(d, &piece, 1, false, g->cookie[0]++);
	}
}

static void
send_some(struct guest *g, const struct guest *to)
{
	struct driver *d = &g->f.ring[1];

	for (unsigned int n = 16; n && driver_outstanding(d) < RING && g->sent - to->next < WINDOW; n--) {
		uint64_t slot = slot_of(g, 1, g->cookie[1]);
		struct piece piece = { FRONTEND_GPA + slot, HEADER };

		memset(g->f.base + slot, 0, HEADER);
		piece.len += make_frame(g->f.base + slot + HEADER, (unsigned int)(g - guests), g->sent++);
		driver_add(d, &piece, 1, false, g->cookie[1]++);
	}
}

static void
check_frame(struct guest *g, const uint8_t *p, uint32_t len)
{
	unsigned int from = g == guests;
	uint8_t expected[BUFFER];
	uint64_t number;

	memcpy(&number, p + HEADER + 14, sizeof(number));
	if (len < HEADER + HEAD || number >= guests[from].sent || len != HEADER + make_frame(expected, from, number) ||
		memcmp(p + HEADER, expected, len - HEADER)) {
		g->wrong++;
		return;
	}
	if (number < g->next) {
		g->repeated++;
		return;
	}
	// What lies between is lost.
	g->next = number + 1;
	g->received++;
	atomic_fetch_add(&n_received, 1);
}

static bool
take(struct guest *g)
{
	uint32_t cookie, len;
	bool any = false;

	while (driver_take(&g->f.ring[1], &cookie, &len))
		any = true;
	while (driver_take(&g->f.ring[0], &cookie, &len)) {
		check_frame(g, g->f.base + slot_of(g, 0, cookie), len < BUFFER ? len : BUFFER);
		any = true;
	}
	return any;
}

static void *
live(void *arg)
{
	uint64_t since = wire_clock_us();

	(void)arg;
	// Both can receive before one of them sends.
	for (unsigned int k = 0; k < 2; k++)
		offer(&guests[k]);
	while (atomic_load(&running)) {
		uint64_t now = wire_clock_us();
		bool any = false;

		for (unsigned int k = 0; k < 2; k++) {
			offer(&guests[k]);
			if (atomic_load(&sending))
				send_some(&guests[k], &guests[1 - k]);
			any |= take(&guests[k]);
		}
		atomic_fetch_add(&n_rounds, 1);
		if (any) {
			longest_us = now - since > longest_us ? now - since : longest_us;
			since = now;
		} else {
			usleep(50);
		}
	}
	return NULL;
}

void
innocent_start(const char *const path[2])
{
	for (unsigned int k = 0; k < 2; k++) {
		uint64_t features = FEATURE(VIRTIO_F_VERSION_1) | (k ? FEATURE(VIRTIO_F_RING_PACKED) : 0);

		frontend_init(&guests[k].f, path[k], features, RING, false);
		guard_all(&guests[k]);
		if (frontend_connect(&guests[k].f, 20))
			errx(1, "%s: an honest front end is not served", path[k]);
	}
	atomic_store(&sending, true);
	atomic_store(&running, true);
	if (pthread_create(&thread, NULL, live, NULL))
		errx(1, "a thread");
}

bool
innocent_flows(uint64_t n)
{
	uint64_t want = atomic_load(&n_received) + n;

	for (unsigned int i = 0; i < PATIENCE_MS; i++) {
		if (atomic_load(&n_received) >= want)
			return true;
		usleep(1000);
	}
	return false;
}

static bool
all_there(void)
{
	return guests[0].sent == guests[1].next && guests[1].sent == guests[0].next;
}

void
innocent_stop(struct innocent_sums *sums)
{
	*sums = (struct innocent_sums){ 0 };
	atomic_store(&sending, false);
	// The round at hand may still send.
	for (uint64_t rounds = atomic_load(&n_rounds); atomic_load(&n_rounds) < rounds + 2;)
		usleep(100);
	for (unsigned int i = 0; i < PATIENCE_MS && !all_there(); i++)
		usleep(1000);
	atomic_store(&running, false);
	pthread_join(thread, NULL);
	for (unsigned int k = 0; k < 2; k++) {
		struct guest *g = &guests[k];

		sums->sent += g->sent;
		sums->received += g->received;
		sums->repeated += g->repeated;
		sums->wrong += g->wrong;
		for (unsigned int r = 0; r < 2; r++)
			if (g->f.ring[r].error[0])
				snprintf(sums->error, sizeof(sums->error), "guest %u, ring %u: %s", k, r,
					g->f.ring[r].error);
		// weft may not write behind the end of a connection either.
		frontend_stop(&g->f, (uint16_t[2]){ 0 });
	}
	sums->lost = sums->sent - sums->received;
	sums->longest_us = longest_us;
	sums->changed = innocent_changed();
	sums->watched = innocent_watched();
	for (unsigned int k = 0; k < 2; k++)
		frontend_close(&guests[k].f);
}
