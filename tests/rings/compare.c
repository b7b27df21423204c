// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// compare_rings HISTORIES SEED: two guests do the same at random, one on weft's own rings and one on the library's.
// The switch must read the same frames from both, and both must find the same in their memory and their rings.
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "switch.h"

#define SLOT	  24576 // of memory, for a buffer
#define MAX_FRAME 16000
#define MAX_STEPS 400
#define BURST	  32

static uint64_t state;

struct side {
	const char *name;
	struct weft_portio io;
	struct frontend guest;
};

static struct side own = { .name = "own" }, library = { .name = "library" };
static struct rte_mempool *pool;
static uint64_t history, seed, n_frames, n_buffers, n_interrupts;

// xorshift64* (Vigna 2016): the same numbers from the same seed, everywhere.
static uint64_t
next_random(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(2685821657736338717);
}

static uint32_t
below(uint32_t n)
{
	return (uint32_t)(next_random() >> 33) % n;
}

static void __attribute__((noreturn, format(printf, 1, 2))) differ(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "history %lu of seed %lu (features 0x%lx, %u entries): ", history, seed, own.guest.features,
		own.guest.ring_size);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(1);
}

// A layout that both sides offer.
static uint64_t
random_features(void)
{
	uint64_t f = FEATURE(VIRTIO_F_VERSION_1);

	if (below(2))
		f |= FEATURE(VIRTIO_F_RING_PACKED);
	else if (below(6) == 0)
		f = 0; // legacy
	f |= below(2) ? FEATURE(VIRTIO_F_IN_ORDER) : 0;
	f |= below(2) ? FEATURE(VIRTIO_NET_F_MRG_RXBUF) : 0;
	f |= below(2) ? FEATURE(VIRTIO_RING_F_INDIRECT_DESC) : 0;
	f |= below(2) ? FEATURE(VIRTIO_RING_F_EVENT_IDX) : 0;
	return f;
}

static bool
has(int bit)
{
	return own.guest.features >> bit & 1;
}

static uint32_t
header_size(void)
{
	return has(VIRTIO_F_VERSION_1) || has(VIRTIO_NET_F_MRG_RXBUF) ? 12 : 10;
}

// Offset in a guest's memory of the slot for buffer COOKIE of ring R: as many as the ring has entries go round.
static uint64_t
slot_of(uint32_t r, uint32_t cookie)
{
	uint32_t n = own.guest.ring_size;

	return own.guest.data + ((uint64_t)r * n + cookie % n) * SLOT;
}

// Cuts TOTAL bytes into up to MOST pieces with gaps between them, from OFFSET on. The header lies in two at most, or in
// one with WHOLE_HEADER: the library writes outside of them where it lies in three.
static uint16_t
cut(struct piece *pieces, uint64_t offset, uint32_t total, uint16_t most, bool whole_header)
{
	uint16_t n = 0;

	while (total) {
		uint32_t len = n + 1 == most ? total : 1 + below(total);

		if (n == 0 && whole_header)
			len = RTE_MAX(len, header_size());
		if (n == 1 && pieces[0].len < header_size())
			len = RTE_MAX(len, header_size() - pieces[0].len);
		offset += below(20);
		pieces[n++] = (struct piece){ FRONTEND_GPA + offset, len };
		offset += len;
		total -= len;
	}
	return n;
}

static void
fill(uint64_t offset, uint32_t len)
{
	for (uint32_t i = 0; i < len; i += 8) {
		uint64_t word = next_random();

		memcpy(own.guest.base + offset + i, &word, 8);
	}
	memcpy(library.guest.base + offset, own.guest.base + offset, len);
}

static void
write_header(const struct piece *pieces, uint8_t buffers)
{
	const uint8_t header[12] = { [10] = buffers };

	for (uint32_t i = 0, done = 0; done < header_size(); i++) {
		uint32_t here = RTE_MIN(header_size() - done, pieces[i].len);

		memcpy(own.guest.base + pieces[i].gpa - FRONTEND_GPA, header + done, here);
		memcpy(library.guest.base + pieces[i].gpa - FRONTEND_GPA, header + done, here);
		done += here;
	}
}

static uint32_t
random_length(void)
{
	switch (below(8)) {
	case 0:
		return 14 + below(MAX_FRAME - 14);
	case 1:
	case 2:
		return 14 + below(1500);
	default:
		return 60 + below(68);
	}
}

// Both guests make one more buffer available at ring R.
static void
add(uint32_t r, uint32_t *cookie)
{
	struct piece pieces[DRIVER_MAX_PIECES];
	uint32_t total = header_size() + random_length();
	bool table = has(VIRTIO_RING_F_INDIRECT_DESC) && below(3) == 0;
	uint16_t n, most = below(3) ? 1 : (uint16_t)(1 + below(table ? 20 : RTE_MIN(20, own.guest.ring_size / 4)));
	uint64_t offset = slot_of(r, *cookie);

	if (driver_outstanding(&own.guest.ring[r]) == own.guest.ring_size)
		return;
	// The library takes each of four packed descriptors in a row for a buffer of its own, chained and indirect ones
	// too (virtio_dev_rx_sync_batch_check()): there test_ring.c is the judge.
	if (r == 0 && has(VIRTIO_F_RING_PACKED)) {
		most = 1;
		table = false;
	}
	if (r == 0)
		total = has(VIRTIO_NET_F_MRG_RXBUF) ? header_size() + 1 + below(4096) : header_size() + MAX_FRAME;
	n = cut(pieces, offset, total, most, r == 0 && !has(VIRTIO_NET_F_MRG_RXBUF));
	if (own.guest.ring[r].free < (table ? 1 : n))
		return;
	fill(offset, SLOT);
	// What is sent asks for no offload. Where buffers are not merged the library leaves their count as it finds it,
	// or writes 0 into a header of two pieces; it has to be 1.
	if (r == 1 || !has(VIRTIO_NET_F_MRG_RXBUF))
		write_header(pieces, r == 0);
	if (!driver_add(&own.guest.ring[r], pieces, n, table, *cookie) ||
		!driver_add(&library.guest.ring[r], pieces, n, table, *cookie))
		differ("a guest has no room for a buffer");
	(*cookie)++;
}

static bool
interrupted(struct side *side, uint32_t r)
{
	uint64_t n = 0;

	return read(side->guest.call[r], &n, sizeof(n)) > 0;
}

static void
compare_interrupts(uint32_t r)
{
	bool a = interrupted(&own, r), b = interrupted(&library, r);

	n_interrupts += a;
	if (a != b)
		differ("ring %u: own %s, library %s", r, a ? "interrupts" : "is silent",
			b ? "interrupts" : "is silent");
}

static void
compare_frame(const struct rte_mbuf *a, const struct rte_mbuf *b)
{
	static uint8_t x[65536], y[65536];
	const void *p, *q;

	if (a->pkt_len != b->pkt_len)
		differ("a frame of %u bytes from own, of %u from library", a->pkt_len, b->pkt_len);
	p = rte_pktmbuf_read(a, 0, a->pkt_len, x);
	q = rte_pktmbuf_read(b, 0, b->pkt_len, y);
	if (p == NULL || q == NULL || memcmp(p, q, a->pkt_len))
		differ("frames of %u bytes differ", a->pkt_len);
	if (rte_mbuf_check(a, 1, (const char **)&p))
		differ("a broken mbuf: %s", (const char *)p);
}

// The switch reads from both guests, and sends what it read back to them.
static void
forward(void)
{
	struct rte_mbuf *a[BURST], *b[BURST];
	int64_t bytes = INT64_MAX;
	uint16_t want = (uint16_t)(1 + below(BURST)), n = own.io.ops->rx(&own.io, 0, a, want, &bytes);
	uint16_t m = library.io.ops->rx(&library.io, 0, b, want, &bytes);

	// The library takes nothing while its event thread has the ring.
	for (unsigned int i = 0; n && m == 0 && i < 1000; i++) {
		usleep(1000);
		m = library.io.ops->rx(&library.io, 0, b, want, &bytes);
	}
	if (n != m)
		differ("%u frames from own, %u from library", n, m);
	own.io.ops->notify(&own.io);
	compare_interrupts(1);
	for (uint16_t i = 0; i < n; i++)
		compare_frame(a[i], b[i]);
	n_frames += n;
	if (n == 0)
		return;
	want = n;
	n = own.io.ops->tx(&own.io, 0, a, want);
	m = library.io.ops->tx(&library.io, 0, b, want);
	if (n != m)
		differ("of %u frames %u to own, %u to library", want, n, m);
	own.io.ops->notify(&own.io);
	compare_interrupts(0);
	for (uint16_t i = n; i < want; i++) {
		rte_pktmbuf_free(a[i]);
		rte_pktmbuf_free(b[i]);
	}
}

static void
compare_slot(uint32_t cookie)
{
	const uint8_t *a = own.guest.base + slot_of(0, cookie), *b = library.guest.base + slot_of(0, cookie);

	for (uint32_t i = 0; i < SLOT; i++)
		if (a[i] != b[i])
			differ("buffer %u differs at %u: own %02x, library %02x", cookie, i, a[i], b[i]);
}

// Both guests take what was used.
static void
take(uint32_t r)
{
	for (uint32_t i = below(64); i; i--) {
		struct driver *d = &own.guest.ring[r], *e = &library.guest.ring[r];
		uint32_t a = 0, b = 0, a_len = 0, b_len = 0;
		bool x = driver_take(d, &a, &a_len), y = driver_take(e, &b, &b_len);

		if (d->error[0] || e->error[0])
			differ("ring %u: %s%s", r,
				d->error[0] ? "own: " : "library: ", d->error[0] ? d->error : e->error);
		if (x != y || a != b)
			differ("ring %u: buffer %u (%d) used by own, %u (%d) by library", r, a, x, b, y);
		if (!x)
			return;
		n_buffers++;
		if (r == 0 && a_len != b_len)
			differ("own wrote %u bytes, library %u", a_len, b_len);
		if (r == 0)
			compare_slot(a);
	}
}

// Both guests wish to be interrupted, or not.
static void
wish(uint32_t r)
{
	uint16_t flags = (uint16_t)below(has(VIRTIO_RING_F_EVENT_IDX) && has(VIRTIO_F_RING_PACKED) ? 3 : 2);
	uint16_t at = (uint16_t)below(own.guest.ring_size);

	for (struct side *side = &own; side; side = side == &own ? &library : NULL) {
		struct driver *d = &side->guest.ring[r];

		if (has(VIRTIO_F_RING_PACKED)) {
			d->driver_event->off_wrap = at | (uint16_t)(at >= d->next_used ? d->used_wrap : !d->used_wrap)
								 << 15;
			d->driver_event->flags = flags;
		} else {
			d->avail->flags = flags & 1;
			if (has(VIRTIO_RING_F_EVENT_IDX))
				d->avail->ring[d->size] = (uint16_t)(d->next_used + at);
		}
	}
}

static void
run_history(void)
{
	uint64_t features = random_features();
	uint16_t size = (uint16_t)(16u << below(5)), bases[2][2];
	uint32_t cookie[2] = { 0, 0 };

	for (struct side *side = &own; side; side = side == &own ? &library : NULL) {
		char path[sizeof(side->guest.path)];

		snprintf(path, sizeof(path), "/tmp/weft-rings-%d-%s", getpid(), side->name);
		frontend_init(&side->guest, path, features, size, false);
		if (frontend_connect(&side->guest, 10) || !switch_wait(&side->io, true))
			errx(1, "%s: no connection", side->name);
		// weft interrupts a guest when its rings start.
		for (uint32_t r = 0; r < 2; r++)
			interrupted(side, r);
	}
	for (uint32_t steps = 50 + below(MAX_STEPS); steps; steps--) {
		switch (below(8)) {
		case 0:
		case 1:
			for (uint32_t i = below(40); i; i--)
				add(1, &cookie[1]);
			break;
		case 2:
		case 3:
			for (uint32_t i = below(60); i; i--)
				add(0, &cookie[0]);
			break;
		case 4:
			wish(below(2));
			break;
		case 5:
			take(0);
			take(1);
			break;
		default:
			forward();
		}
	}
	if (frontend_stop(&own.guest, bases[0]) || frontend_stop(&library.guest, bases[1]))
		errx(1, "a ring does not stop");
	if (memcmp(bases[0], bases[1], sizeof(bases[0])))
		differ("own stopped at %u and %u, library at %u and %u", bases[0][0], bases[0][1], bases[1][0],
			bases[1][1]);
	for (struct side *side = &own; side; side = side == &own ? &library : NULL) {
		frontend_close(&side->guest);
		if (!switch_wait(&side->io, false))
			errx(1, "%s: the connection stays", side->name);
	}
}

int
main(int argc, char **argv)
{
	uint64_t histories = argc > 1 ? strtoull(argv[1], NULL, 10) : 100;

	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	pool = switch_start();
	for (struct side *side = &own; side; side = side == &own ? &library : NULL) {
		char path[108];

		snprintf(path, sizeof(path), "/tmp/weft-rings-%d-%s", getpid(), side->name);
		(side == &library ? library_open : switch_open)(&side->io, pool, path);
	}
	for (history = 0; history < histories; history++) {
		unsigned int before = rte_mempool_avail_count(pool);

		state = (seed << 32 | history) * UINT64_C(0x9e3779b97f4a7c15) + 1;
		run_history();
		if (rte_mempool_avail_count(pool) != before)
			differ("%d mbufs are lost", (int)(before - rte_mempool_avail_count(pool)));
	}
	for (struct side *side = &own; side; side = side == &own ? &library : NULL)
		side->io.ops->close(&side->io);
	printf("%lu rings compared: %lu frames, %lu buffers, %lu interrupts, 0 differences\n", 2 * histories, n_frames,
		n_buffers, n_interrupts);
	return 0;
}
