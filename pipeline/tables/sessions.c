// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The table of connections: buckets of signatures, one cache line each, that lead to records. A key has two buckets.
// The first is preferred, so that most look-ups cost one line besides the record's.
#include "sessions.h"

#include <errno.h>

#include <rte_malloc.h>
#include <rte_random.h>

#include "frags.h"

// An eviction visits so many records at most.
#define EVICT_TRIES 32

static const char *const names[WEFT_N_SESSION_STATES] = {
	[WEFT_SESSION_FREE] = "free",
	[WEFT_SESSION_SYN_SENT] = "syn_sent",
	[WEFT_SESSION_SYN_RECEIVED] = "syn_received",
	[WEFT_SESSION_ESTABLISHED] = "established",
	[WEFT_SESSION_FIN] = "fin",
	[WEFT_SESSION_LAST_ACK] = "last_ack",
	[WEFT_SESSION_CLOSED] = "closed",
	[WEFT_SESSION_UDP_SINGLE] = "udp_single",
	[WEFT_SESSION_UDP_STREAM] = "udp_stream",
	[WEFT_SESSION_ECHO] = "echo",
	[WEFT_SESSION_OTHER_SINGLE] = "other_single",
	[WEFT_SESSION_OTHER_STREAM] = "other_stream",
};

// Seconds that a connection lives without a packet.
static const uint32_t timeouts[WEFT_N_SESSION_STATES] = {
	[WEFT_SESSION_SYN_SENT] = 120,
	[WEFT_SESSION_SYN_RECEIVED] = 60,
	[WEFT_SESSION_ESTABLISHED] = 5 * 24 * 3600, // RFC 5382 wants two hours and four minutes at least
	[WEFT_SESSION_FIN] = 120,
	[WEFT_SESSION_LAST_ACK] = 30,
	[WEFT_SESSION_CLOSED] = 15,
	[WEFT_SESSION_UDP_SINGLE] = 30,
	[WEFT_SESSION_UDP_STREAM] = 120, // RFC 4787, REQ-5
	[WEFT_SESSION_ECHO] = 30,
	[WEFT_SESSION_OTHER_SINGLE] = 60,
	[WEFT_SESSION_OTHER_STREAM] = 600,
};

const char *
weft_session_state_name(enum weft_session_state state)
{
	return names[state];
}

struct weft_sessions *
weft_sessions_new(uint32_t size, uint32_t n_frags)
{
	struct weft_sessions *t = rte_zmalloc("sessions", sizeof(*t), RTE_CACHE_LINE_SIZE);
	// Two places for each record: at this load the two buckets of a key are hardly ever both full.
	uint32_t n_buckets = rte_align32pow2(RTE_MAX(2 * size / WEFT_SESSION_WAYS, 2u));

	if (t == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	t->size = size;
	t->mask = n_buckets - 1;
	t->rec = rte_zmalloc("sessions", (size + UINT64_C(1)) * sizeof(t->rec[0]), 2 * RTE_CACHE_LINE_SIZE);
	t->bucket = rte_zmalloc("sessions", n_buckets * sizeof(t->bucket[0]), RTE_CACHE_LINE_SIZE);
	t->free = rte_zmalloc("sessions", size * sizeof(t->free[0]), RTE_CACHE_LINE_SIZE);
	t->victim = rte_zmalloc("sessions", rte_align32pow2(size) * sizeof(t->victim[0]), RTE_CACHE_LINE_SIZE);
	t->port = rte_zmalloc("sessions", WEFT_MAX_PORTS * sizeof(t->port[0]), RTE_CACHE_LINE_SIZE);
	t->rule = rte_zmalloc("sessions", WEFT_MAX_COUNTERS * sizeof(t->rule[0]), RTE_CACHE_LINE_SIZE);
	t->frags = weft_frags_new(n_frags);
	if (!t->rec || !t->bucket || !t->free || !t->victim || !t->port || !t->rule || !t->frags) {
		weft_sessions_free(t);
		errno = ENOMEM;
		return NULL;
	}
	t->sweep = 1;
	for (unsigned int i = 0; i < RTE_DIM(t->secret); i++)
		t->secret[i] = rte_rand();
	memcpy(t->timeout, timeouts, sizeof(timeouts));
	return t;
}

void
weft_sessions_free(struct weft_sessions *t)
{
	if (t == NULL)
		return;
	rte_free(t->rec);
	rte_free(t->bucket);
	rte_free(t->free);
	rte_free(t->victim);
	rte_free(t->port);
	rte_free(t->rule);
	weft_frags_free(t->frags);
	rte_free(t);
}

static bool
is_it(const struct weft_session *s, const struct weft_session_key *key, const uint8_t *const addr6[2])
{
	return weft_sessions_same_key(&s->key, key) &&
	       (key->family == 4 || (memcmp(s->addr6[0], addr6[0], 16) == 0 && memcmp(s->addr6[1], addr6[1], 16) == 0));
}

uint32_t
weft_sessions_find(
	const struct weft_sessions *t, const struct weft_session_key *key, uint64_t hash, const uint8_t *const addr6[2])
{
	uint16_t sig = weft_sessions_signature(hash);
	uint32_t b = weft_sessions_first(t, hash);

	for (unsigned int turn = 0; turn < 2; turn++, b = weft_sessions_other(t, b, sig)) {
		const struct weft_session_bucket *bucket = &t->bucket[b];

		for (unsigned int i = 0; i < WEFT_SESSION_WAYS; i++)
			if (bucket->sig[i] == sig && bucket->index[i] && is_it(&t->rec[bucket->index[i]], key, addr6))
				return bucket->index[i];
	}
	return 0;
}

static int
free_way(const struct weft_session_bucket *bucket)
{
	for (unsigned int i = 0; i < WEFT_SESSION_WAYS; i++)
		if (bucket->index[i] == 0)
			return i;
	return -1;
}

static void
put(struct weft_session_bucket *bucket, int way, uint16_t sig, uint32_t record)
{
	bucket->sig[way] = sig;
	bucket->index[way] = record;
}

// Moves an entry of the full bucket B to its other bucket. Returns the way that is free then; -1: none can move.
static int
make_way(struct weft_sessions *t, uint32_t b)
{
	struct weft_session_bucket *bucket = &t->bucket[b];

	for (unsigned int i = 0; i < WEFT_SESSION_WAYS; i++) {
		struct weft_session_bucket *other = &t->bucket[weft_sessions_other(t, b, bucket->sig[i])];
		int way = free_way(other);

		if (way < 0)
			continue;
		put(other, way, bucket->sig[i], bucket->index[i]);
		bucket->index[i] = 0;
		return i;
	}
	return -1;
}

static bool
enter(struct weft_sessions *t, uint64_t hash, uint32_t record)
{
	uint16_t sig = weft_sessions_signature(hash);
	uint32_t b = weft_sessions_first(t, hash);
	int way = free_way(&t->bucket[b]);

	if (way < 0) {
		b = weft_sessions_other(t, b, sig);
		way = free_way(&t->bucket[b]);
	}
	if (way < 0)
		way = make_way(t, b);
	if (way < 0)
		return false;
	put(&t->bucket[b], way, sig, record);
	return true;
}

uint32_t
weft_sessions_insert(struct weft_sessions *t, const struct weft_session_key *key, uint64_t hash)
{
	uint32_t record = t->n_free ? t->free[t->n_free - 1] : t->high < t->size ? t->high + 1 : 0;

	if (record == 0 || !enter(t, hash, record))
		return 0;
	if (t->n_free)
		t->n_free--;
	else
		t->high++;
	memset(&t->rec[record], 0, sizeof(t->rec[record]));
	t->rec[record].key = *key;
	t->n++;
	return record;
}

void
weft_sessions_may_evict(struct weft_sessions *t, uint32_t record)
{
	uint32_t mask = rte_align32pow2(t->size) - 1;

	t->victim[t->victim_head++ & mask] = record;
	if (t->victim_head - t->victim_tail > mask + 1)
		t->victim_tail++;
}

bool
weft_sessions_evict(struct weft_sessions *t)
{
	uint32_t mask = rte_align32pow2(t->size) - 1;

	for (unsigned int i = 0; i < EVICT_TRIES && t->victim_tail != t->victim_head; i++) {
		uint32_t record = t->victim[t->victim_tail++ & mask];
		const struct weft_session *s = &t->rec[record];

		if (weft_session_is_half(s->state) || s->state == WEFT_SESSION_CLOSED) {
			weft_session_remove(t, record);
			t->evicted++;
			return true;
		}
	}
	return false;
}

void
weft_sessions_settle(struct weft_sessions *t, struct weft_session *s)
{
	for (unsigned int i = 0; i < 2 && s->packets; i++) {
		struct weft_rule_stats *rule = &t->rule[s->counter[i]];

		rule->packets += s->packets;
		rule->bytes += s->bytes;
		rule->last = RTE_MAX(rule->last, s->seen);
	}
	s->all_packets += s->packets;
	s->all_bytes += s->bytes;
	s->packets = s->bytes = 0;
}

void
weft_session_remove(struct weft_sessions *t, uint32_t record)
{
	struct weft_session *s = &t->rec[record];
	uint64_t hash = weft_sessions_hash(t, &s->key);
	uint32_t b = weft_sessions_first(t, hash);

	for (unsigned int turn = 0; turn < 2; turn++, b = weft_sessions_other(t, b, weft_sessions_signature(hash)))
		for (unsigned int i = 0; i < WEFT_SESSION_WAYS; i++)
			if (t->bucket[b].index[i] == record)
				t->bucket[b].index[i] = 0;
	weft_sessions_settle(t, s);
	if (t->syn[record % WEFT_SESSION_SYNS].record == record)
		t->syn[record % WEFT_SESSION_SYNS].record = 0;
	t->port[s->account].n--;
	t->port[s->account].n_half -= weft_session_is_half(s->state);
	s->state = WEFT_SESSION_FREE;
	s->key.family = 0;
	t->free[t->n_free++] = record;
	t->n--;
}

bool
weft_session_adopt(struct weft_sessions *t, const struct weft_session *from)
{
	struct weft_session_key key = from->key;
	const uint8_t *const addr6[2] = { from->addr6[0], from->addr6[1] };
	uint64_t hash;
	uint32_t record;

	// Each worker folds IPv6 addresses with secrets of its own.
	for (unsigned int e = 0; e < 2 && key.family == 6; e++)
		key.addr[e] = weft_sessions_fold(t, addr6[e]);
	hash = weft_sessions_hash(t, &key);
	if (weft_sessions_find(t, &key, hash, addr6))
		return true;
	record = weft_sessions_insert(t, &key, hash);
	if (record == 0 && weft_sessions_evict(t))
		record = weft_sessions_insert(t, &key, hash);
	if (record == 0)
		return false;
	t->rec[record] = *from;
	t->rec[record].key = key;
	t->port[from->account].n++;
	t->port[from->account].n_half += weft_session_is_half(from->state);
	if (weft_session_is_half(from->state) || from->state == WEFT_SESSION_CLOSED)
		weft_sessions_may_evict(t, record);
	return true;
}
