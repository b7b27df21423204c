// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The table of connections, for the firewall. All functions: owner worker.
#pragma once

#include <string.h>

#include <rte_prefetch.h>

#include "weft/addrmap.h"
#include "weft/session.h"

// Spreads the bits of a product. The products of keys that differ in few bits differ by multiples of a power of two,
// with some secrets of a high power. The result is good from bit 16 on (Knuth, TAOCP 3, 6.4, multiplicative
// hashing).
static inline uint64_t
weft_sessions_spread(uint64_t h)
{
	return (h ^ h >> 32) * UINT64_C(0xff51afd7ed558ccd);
}

// The hash of a key in its three words. It has a secret, so that guests, who choose addresses and ports, cannot
// choose buckets.
static inline uint64_t
weft_sessions_mix(const struct weft_sessions *t, uint64_t addrs, uint64_t ends, uint32_t what)
{
	return weft_sessions_spread(
		weft_mix(addrs ^ t->secret[0], ends ^ t->secret[1] ^ what * UINT64_C(0x9e3779b97f4a7c15)));
}

static inline uint64_t
weft_sessions_hash(const struct weft_sessions *t, const struct weft_session_key *key)
{
	uint64_t a, b;
	uint32_t c;

	memcpy(&a, key->addr, sizeof(a));
	memcpy(&b, key->l4, sizeof(b));
	memcpy(&c, &key->domain, sizeof(c));
	return weft_sessions_mix(t, a, b, c);
}

// An IPv6 address as the key has it. Different addresses may fold to the same value: the record has the whole
// address.
static inline uint32_t
weft_sessions_fold(const struct weft_sessions *t, const uint8_t addr[16])
{
	uint64_t word[2];

	memcpy(word, addr, sizeof(word));
	return (uint32_t)(weft_sessions_spread(weft_mix(word[0] ^ t->secret[1], word[1] ^ t->secret[3])) >> 32);
}

static inline uint16_t
weft_sessions_signature(uint64_t hash)
{
	return hash >> 48;
}

static inline uint32_t
weft_sessions_first(const struct weft_sessions *t, uint64_t hash)
{
	return (uint32_t)(hash >> 16) & t->mask;
}

// The other bucket of an entry in BUCKET (Fan et al., "Cuckoo Filter", 2014). Of that one, the other is BUCKET.
static inline uint32_t
weft_sessions_other(const struct weft_sessions *t, uint32_t bucket, uint16_t sig)
{
	return (bucket ^ (sig * 0x5bd1e995u + 1)) & t->mask;
}

// The top bit of each of the four signatures that may be equal to SIG; the lowest one certainly is.
static inline uint64_t
weft_sessions_equal4(const uint16_t sigs[4], uint16_t sig)
{
	uint64_t lanes, ones = UINT64_C(0x0001000100010001);

	memcpy(&lanes, sigs, sizeof(lanes));
	lanes ^= sig * ones;
	return (lanes - ones) & ~lanes & (ones << 15);
}

// The first record in BUCKET with the signature SIG; 0: there is none.
static inline uint32_t
weft_sessions_candidate(const struct weft_session_bucket *bucket, uint16_t sig)
{
	uint64_t low = weft_sessions_equal4(bucket->sig, sig), high;

	if (low)
		return bucket->index[__builtin_ctzll(low) / 16];
	high = weft_sessions_equal4(bucket->sig + 4, sig);
	return high ? bucket->index[4 + __builtin_ctzll(high) / 16] : 0;
}

static inline bool
weft_sessions_same_key(const struct weft_session_key *a, const struct weft_session_key *b)
{
	uint64_t a0, a1, b0, b1;
	uint32_t a2, b2;

	memcpy(&a0, a->addr, sizeof(a0));
	memcpy(&b0, b->addr, sizeof(b0));
	memcpy(&a1, a->l4, sizeof(a1));
	memcpy(&b1, b->l4, sizeof(b1));
	memcpy(&a2, &a->domain, sizeof(a2));
	memcpy(&b2, &b->domain, sizeof(b2));
	return ((a0 ^ b0) | (a1 ^ b1) | (a2 ^ b2)) == 0;
}

// The record of KEY; 0: there is none. ADDR6 are the whole addresses of the ends, for IPv6.
uint32_t weft_sessions_find(const struct weft_sessions *t, const struct weft_session_key *key, uint64_t hash,
	const uint8_t *const addr6[2]);

// A new record with KEY, which is not in the table; the rest of it is zero. 0: there is no room.
uint32_t weft_sessions_insert(struct weft_sessions *t, const struct weft_session_key *key, uint64_t hash);

// Removes the oldest connection that has no answer, or is closed. False: none was found.
bool weft_sessions_evict(struct weft_sessions *t);

// Notes that RECORD may be evicted when there is no room.
void weft_sessions_may_evict(struct weft_sessions *t, uint32_t record);

// Gives S another state, and updates the counts of its port.
static inline void
weft_sessions_enter(struct weft_sessions *t, struct weft_session *s, enum weft_session_state state)
{
	t->port[s->account].n_half += (uint32_t)weft_session_is_half(state) - weft_session_is_half(s->state);
	s->state = state;
	if (state == WEFT_SESSION_CLOSED)
		weft_sessions_may_evict(t, (uint32_t)(s - t->rec));
}

// Adds what S has counted since the last call to its totals, and to those of its rules.
void weft_sessions_settle(struct weft_sessions *t, struct weft_session *s);
