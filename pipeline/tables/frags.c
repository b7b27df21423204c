// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The table of datagrams whose first fragment has passed. Entries are limited, for each port too, and live for a
// bounded time. Later fragments of other datagrams are strays. A later fragment that overlaps the first one could
// rewrite the header that was judged (RFC 1858, RFC 3128, RFC 5722): it is dropped.
#include "frags.h"

#include <rte_malloc.h>
#include <rte_random.h>

#include "weft/worker.h"

#include "account.h"
#include "sessions.h"

#define WAYS	      4
#define LIFE	      15  // seconds, RFC 791's default
#define SWEPT	      16  // buckets that a sweep visits
#define DEFAULT_LIMIT 256 // datagrams of a port at a time

struct entry {
	uint8_t addr[2][16];
	uint32_t id;
	uint32_t seen; // seconds on the engine's clock
	uint16_t in, out, domain;
	uint16_t first_end; // bytes of the first fragment
	uint8_t proto;
	uint8_t family; // 0: free
};

struct bucket {
	struct entry way[WAYS];
};

struct weft_frags {
	struct bucket *bucket;
	uint32_t mask;
	uint32_t sweep;
	uint64_t secret[2];
};

struct weft_frags *
weft_frags_new(uint32_t n)
{
	struct weft_frags *f = rte_zmalloc("frags", sizeof(*f), 0);

	if (f == NULL)
		return NULL;
	f->mask = rte_align32pow2(RTE_MAX(n / WAYS, 1u)) - 1;
	f->bucket = rte_zmalloc("frags", (f->mask + UINT64_C(1)) * sizeof(f->bucket[0]), RTE_CACHE_LINE_SIZE);
	f->secret[0] = rte_rand();
	f->secret[1] = rte_rand();
	if (f->bucket)
		return f;
	rte_free(f);
	return NULL;
}

void
weft_frags_free(struct weft_frags *f)
{
	if (f)
		rte_free(f->bucket);
	rte_free(f);
}

static struct entry
entry_of(const struct weft_lane *lane, const uint8_t *const addr[2])
{
	struct entry e = { .id = lane->frag_id,
		.in = lane->in,
		.out = lane->out,
		.domain = lane->domain,
		.proto = lane->frag_proto,
		.family = lane->flags & WEFT_LANE_IPV6 ? 6 : 4 };

	memcpy(e.addr[0], addr[0], e.family == 6 ? 16 : 4);
	memcpy(e.addr[1], addr[1], e.family == 6 ? 16 : 4);
	return e;
}

static struct bucket *
bucket_of(const struct weft_frags *f, const struct entry *e)
{
	uint64_t h = f->secret[0], word[4];

	memcpy(word, e->addr, sizeof(word));
	for (unsigned int i = 0; i < 4; i++)
		h = weft_mix(h ^ word[i], f->secret[1] ^ i);
	h = weft_mix(h ^ e->id, f->secret[1] ^ ((uint64_t)e->domain << 32 | (uint32_t)e->in << 16 | e->proto));
	return &f->bucket[h & f->mask];
}

static bool
same(const struct entry *a, const struct entry *b)
{
	return a->family == b->family && a->id == b->id && a->in == b->in && a->out == b->out &&
	       a->domain == b->domain && a->proto == b->proto && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static void
forget(struct weft_sessions *t, struct entry *e)
{
	t->port[e->in].n_frags--;
	e->family = 0;
}

int
weft_frags_note(struct weft_worker *worker, const struct weft_lane *lane, const uint8_t *const addr[2])
{
	struct weft_sessions *t = worker->firewall.sessions;
	struct entry e = entry_of(lane, addr), *to = NULL;
	struct bucket *bucket = bucket_of(t->frags, &e);
	uint32_t n, n_half, n_frags, limit;

	for (unsigned int i = 0; i < WAYS; i++) {
		struct entry *way = &bucket->way[i];

		if (way->family && worker->clock - way->seen > LIFE)
			forget(t, way);
		if (same(way, &e)) {
			// Another datagram with the same number. The parser has seen the whole header in its first
			// fragment, too.
			way->first_end = lane->frag_len;
			way->seen = worker->clock;
			return -1;
		}
		if (way->family == 0 && to == NULL)
			to = way;
	}
	weft_account_counts(t, lane->in, &n, &n_half, &n_frags);
	limit = weft_snapshot_slot(worker->snap, lane->in)->max_frags;
	if (to == NULL || n_frags >= (limit ? limit : DEFAULT_LIMIT))
		return WEFT_DROP_FW_FRAGMENT_FULL;
	*to = e;
	to->first_end = lane->frag_len;
	to->seen = worker->clock;
	t->port[lane->in].n_frags++;
	return -1;
}

int
weft_frags_check(const struct weft_worker *worker, const struct weft_lane *lane, const uint8_t *const addr[2])
{
	struct entry e = entry_of(lane, addr);
	const struct bucket *bucket = bucket_of(worker->firewall.sessions->frags, &e);

	for (unsigned int i = 0; i < WAYS; i++) {
		const struct entry *way = &bucket->way[i];

		if (same(way, &e) && worker->clock - way->seen <= LIFE)
			return lane->frag_off < way->first_end ? (int)WEFT_DROP_FW_FRAGMENT_OVERLAP : -1;
	}
	return WEFT_DROP_FW_FRAGMENT_STRAY;
}

void
weft_frags_sweep(struct weft_worker *worker)
{
	struct weft_frags *f = worker->firewall.sessions->frags;

	for (unsigned int b = 0; b < SWEPT; b++) {
		struct bucket *bucket = &f->bucket[f->sweep++ & f->mask];

		for (unsigned int i = 0; i < WAYS; i++)
			if (bucket->way[i].family && worker->clock - bucket->way[i].seen > LIFE)
				forget(worker->firewall.sessions, &bucket->way[i]);
	}
}
