// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A guest that keeps to the specification.
#include <stdio.h>
#include <string.h>

#include "honest.h"

#define BURST 32

// xorshift64* (Vigna 2016).
static uint64_t
next_random(uint64_t *random)
{
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return *random * UINT64_C(2685821657736338717);
}

uint32_t
honest_below(uint64_t *random, uint32_t n)
{
	return (uint32_t)(next_random(random) >> 33) % n;
}

static uint32_t
below(struct honest *h, uint32_t n)
{
	return honest_below(&h->random, n);
}

uint64_t
honest_features(uint64_t *random)
{
	uint64_t f = honest_below(random, 8) ? FEATURE(VIRTIO_F_VERSION_1) : 0;

	if (f && honest_below(random, 2))
		f |= FEATURE(VIRTIO_F_RING_PACKED);
	f |= honest_below(random, 2) ? FEATURE(VIRTIO_F_IN_ORDER) : 0;
	f |= honest_below(random, 2) ? FEATURE(VIRTIO_NET_F_MRG_RXBUF) : 0;
	f |= honest_below(random, 2) ? FEATURE(VIRTIO_RING_F_INDIRECT_DESC) : 0;
	f |= honest_below(random, 2) ? FEATURE(VIRTIO_RING_F_EVENT_IDX) : 0;
	return f;
}

void
honest_init(struct honest *h, uint64_t seed, uint16_t size, uint64_t features, bool log)
{
	memset(h, 0, sizeof(*h));
	h->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	arena_init(&h->arena, size, features, log);
	// The slots do not end where the regions do: buffers lie across them.
	h->slot = ARENA_DATA / (2 * size);
}

void
honest_free(struct honest *h)
{
	for (uint32_t i = 0; i < h->n_held; i++)
		rte_pktmbuf_free(h->held[i]);
	arena_free(&h->arena);
}

static bool
has(const struct honest *h, int bit)
{
	return h->arena.driver[0].features >> bit & 1;
}

static uint8_t
byte_of(uint32_t number, uint32_t i)
{
	return (uint8_t)(number * 31 + i * 7 + (i >> 8));
}

// The longest frame that a buffer holds, with some room for gaps.
static uint32_t
longest(const struct honest *h)
{
	return RTE_MIN((uint32_t)HONEST_MAX_FRAME, (uint32_t)h->slot - 12 - 64);
}

// A buffer of TOTAL bytes at ring R, in pieces as it comes. NULL: there is no room.
static struct buffer *
place(struct honest *h, uint32_t r, uint32_t total, bool *table)
{
	struct driver *d = &h->arena.driver[r];
	struct buffer *b = &h->buffers[r][h->cookie[r] % d->size];
	uint64_t at = ARENA_DATA_GPA + (r * d->size + h->cookie[r] % d->size) * h->slot;
	uint16_t most;

	if (driver_outstanding(d) == d->size)
		return NULL;
	*table = has(h, VIRTIO_RING_F_INDIRECT_DESC) && below(h, 3) == 0;
	most = below(h, 2) ? 1 : (uint16_t)(1 + below(h, *table ? RTE_MIN(12, d->size) : 4));
	for (b->n = 0; total; b->n++) {
		uint32_t len = b->n + 1 == most ? total : 1 + below(h, total);

		at += below(h, 5);
		b->pieces[b->n] = (struct piece){ at, len };
		at += len;
		total -= len;
	}
	return d->free < (*table ? 1 : b->n) ? NULL : b;
}

// Copies LEN bytes to or from a buffer, from its byte FROM on.
static bool
copy(struct honest *h, const struct buffer *b, uint32_t from, uint8_t *data, uint32_t len, bool write)
{
	for (uint16_t i = 0; i < b->n && len; i++) {
		uint32_t here;

		if (from >= b->pieces[i].len) {
			from -= b->pieces[i].len;
			continue;
		}
		here = RTE_MIN(b->pieces[i].len - from, len);
		if (!(write ? arena_write(&h->arena, b->pieces[i].gpa + from, data, here)
			    : arena_read(&h->arena, b->pieces[i].gpa + from, data, here)))
			return false;
		data += here;
		len -= here;
		from = 0;
	}
	return len == 0;
}

void
honest_offer(struct honest *h, uint32_t n)
{
	uint32_t header = h->arena.ring[0].header;

	while (n--) {
		// Together the buffers of a ring hold the longest frame, even if each takes four descriptors.
		uint32_t least = h->arena.driver[0].size < 64 ? longest(h) / 2 : 1;
		uint32_t total =
			header + (has(h, VIRTIO_NET_F_MRG_RXBUF) ? least + below(h, longest(h) - least) : longest(h));
		bool table;
		struct buffer *b = place(h, 0, total, &table);

		if (b == NULL)
			return;
		driver_add(&h->arena.driver[0], b->pieces, b->n, table, h->cookie[0]++);
	}
}

void
honest_send(struct honest *h, uint32_t n)
{
	static uint8_t frame[12 + HONEST_MAX_FRAME];
	uint32_t header = h->arena.ring[1].header;

	while (n--) {
		uint32_t len = 14 + below(h, below(h, 3) ? RTE_MIN(100u, longest(h) - 14) : longest(h) - 14);
		bool table;
		struct buffer *b = place(h, 1, header + len, &table);

		if (b == NULL || h->sent - h->received >= HONEST_KEPT)
			return;
		memset(frame, 0, header);
		for (uint32_t i = 0; i < len; i++)
			frame[header + i] = byte_of(h->sent, i);
		copy(h, b, 0, frame, header + len, true);
		h->length[h->sent++ % HONEST_KEPT] = len;
		driver_add(&h->arena.driver[1], b->pieces, b->n, table, h->cookie[1]++);
	}
}

uint16_t
honest_echo(struct honest *h, struct rte_mempool *pool)
{
	struct vhost_ring *in = &h->arena.ring[1], *out = &h->arena.ring[0];
	uint16_t want = (uint16_t)RTE_MIN(1 + below(h, BURST), HONEST_KEPT - h->n_held), n, sent;
	int64_t bytes = INT64_MAX;
	const char *why = "";

	n = in->ops->dequeue(in, pool, &h->held[h->n_held], want, &bytes);
	in->ops->notify(in);
	for (uint16_t i = 0; i < n; i++)
		if (rte_mbuf_check(h->held[h->n_held + i], 1, &why))
			snprintf(h->error, sizeof(h->error), "a broken mbuf: %s", why);
	h->n_held += n;
	sent = out->ops->enqueue(out, h->held, (uint16_t)h->n_held);
	out->ops->notify(out);
	for (uint16_t i = 0; i < sent; i++)
		rte_pktmbuf_free(h->held[i]);
	h->n_held -= sent;
	memmove(h->held, &h->held[sent], h->n_held * sizeof(h->held[0]));
	return n;
}

static bool
wrong(struct honest *h, const char *what)
{
	struct driver *d = h->arena.driver;

	snprintf(h->error, sizeof(h->error),
		"frame %u of %u bytes: %s %s%s (features 0x%llx, %u entries, faults %u %u)", h->received,
		h->length[h->received % HONEST_KEPT], what, d[0].error, d[1].error, (unsigned long long)d->features,
		d->size, h->arena.ring[0].fault, h->arena.ring[1].fault);
	return false;
}

// The next frame that arrived. False: none, or not what should have come.
static bool
take_frame(struct honest *h)
{
	static uint8_t frame[HONEST_MAX_FRAME + 12];
	uint32_t header = h->arena.ring[0].header, want = h->length[h->received % HONEST_KEPT] + header, got = 0, n = 1;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t cookie, len;

		if (!driver_take(&h->arena.driver[0], &cookie, &len))
			return i || h->arena.driver[0].error[0] ? wrong(h, "half a frame came") : false;
		if (got + len > want ||
			!copy(h, &h->buffers[0][cookie % h->arena.driver[0].size], 0, frame + got, len, false))
			return wrong(h, "longer than what was sent");
		got += len;
		if (i == 0 && header == sizeof(struct virtio_net_hdr_mrg_rxbuf)) {
			n = frame[10] | (uint32_t)frame[11] << 8;
			if (n == 0 || (n > 1 && !has(h, VIRTIO_NET_F_MRG_RXBUF)))
				return wrong(h, "a wrong number of buffers");
		}
	}
	if (got != want)
		return wrong(h, "shorter than what was sent");
	for (uint32_t i = 0; i < 10; i++)
		if (frame[i])
			return wrong(h, "a header that asks for something");
	for (uint32_t i = header; i < got; i++)
		if (frame[i] != byte_of(h->received, i - header))
			return wrong(h, "other bytes than were sent");
	h->received++;
	return true;
}

bool
honest_take(struct honest *h)
{
	uint32_t cookie, len;

	while (driver_take(&h->arena.driver[1], &cookie, &len))
		;
	while (take_frame(h))
		;
	return h->error[0] == 0 && (h->arena.driver[1].error[0] == 0 || wrong(h, "sending"));
}
