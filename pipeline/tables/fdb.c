// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Learns MAC addresses, follows their moves, takes over what other workers learn, and removes old entries.
#include "weft/fdb.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_malloc.h>

#include "weft/worker.h"

// The other workers hear again of an entry in use after each third of its life.
#define ANNOUNCE_PARTS 3

struct weft_fdb *
weft_fdb_new(uint32_t limit, uint32_t age, uint64_t seed)
{
	struct weft_fdb *fdb = rte_zmalloc("fdb", sizeof(*fdb), RTE_CACHE_LINE_SIZE);

	if (fdb == NULL)
		goto err;
	fdb->limit = limit;
	fdb->age = age;
	fdb->count = rte_zmalloc("fdb", WEFT_MAX_PORTS * sizeof(fdb->count[0]), RTE_CACHE_LINE_SIZE);
	fdb->gen = rte_zmalloc("fdb", WEFT_MAX_PORTS * sizeof(fdb->gen[0]), RTE_CACHE_LINE_SIZE);
	if (fdb->count == NULL || fdb->gen == NULL || weft_mactab_init(&fdb->tab, limit, seed))
		goto err_fdb;
	return fdb;
err_fdb:
	weft_fdb_free(fdb);
err:
	errno = ENOMEM;
	return NULL;
}

void
weft_fdb_free(struct weft_fdb *fdb)
{
	if (fdb == NULL)
		return;
	weft_mactab_fini(&fdb->tab);
	rte_free(fdb->count);
	rte_free(fdb->gen);
	rte_free(fdb);
}

// The number of addresses behind PORT; it starts at 0 when the slot gets another port.
static uint32_t *
count_of(struct weft_fdb *fdb, uint16_t port, uint16_t gen)
{
	if (fdb->gen[port] != gen) {
		fdb->gen[port] = gen;
		fdb->count[port] = 0;
	}
	return &fdb->count[port];
}

static void
discount(struct weft_fdb *fdb, const struct weft_mac_entry *entry)
{
	if (fdb->gen[entry->port] == entry->gen && fdb->count[entry->port])
		fdb->count[entry->port]--;
}

static void
remove_entry(struct weft_fdb *fdb, struct weft_mac_entry *entry)
{
	discount(fdb, entry);
	entry->key = 0;
	fdb->n--;
}

// Enters KEY, or moves it to PORT; *MOVED says whether it was behind another port. False: the table, or the quota of
// the port, is full.
static bool
enter(struct weft_fdb *fdb, const struct weft_snapshot *snap, uint64_t key, uint16_t port, uint16_t gen, uint32_t clock,
	bool *moved)
{
	struct weft_mac_entry *entry = weft_mactab_find(&fdb->tab, key, weft_mactab_hash(&fdb->tab, key));
	uint32_t *count = count_of(fdb, port, gen);

	*moved = entry && weft_snapshot_port(snap, entry->port, entry->gen);
	if (*count >= weft_snapshot_slot(snap, port)->max_macs)
		return false;
	if (entry) {
		discount(fdb, entry);
	} else {
		if (fdb->n >= fdb->limit)
			return false;
		entry = weft_mactab_free_way(&fdb->tab, key);
		if (entry == NULL)
			return false;
		fdb->n++;
	}
	(*count)++;
	*entry = (struct weft_mac_entry){ .key = key, .port = port, .gen = gen, .seen = clock };
	return true;
}

void
weft_fdb_learn(struct weft_worker *worker, uint64_t key, uint16_t port, uint16_t gen)
{
	struct weft_fdb *fdb = worker->fdb;
	struct weft_mac_entry *entry = weft_mactab_find(&fdb->tab, key, weft_mactab_hash(&fdb->tab, key));
	struct weft_port_stats *stats = &worker->counters.port[port];
	bool moved;

	if (entry && entry->port == port && entry->gen == gen) {
		uint32_t part = RTE_MAX(fdb->age / ANNOUNCE_PARTS, 1u);
		bool announce = worker->clock / part != entry->seen / part;

		entry->seen = worker->clock;
		if (!announce)
			return;
	} else {
		if (!enter(fdb, worker->snap, key, port, gen, worker->clock, &moved)) {
			stats->not_learned++;
			return;
		}
		stats->learned++;
		stats->moved += moved;
	}
	if (fdb->tell)
		fdb->tell(worker, &(struct weft_fdb_message){ .key = key, .port = port, .gen = gen });
}

void
weft_fdb_hear(struct weft_worker *worker, const struct weft_fdb_message *message)
{
	struct weft_fdb *fdb = worker->fdb;
	struct weft_mac_entry *entry =
		weft_mactab_find(&fdb->tab, message->key, weft_mactab_hash(&fdb->tab, message->key));
	bool moved;

	if (!weft_snapshot_port(worker->snap, message->port, message->gen))
		return;
	if (entry && entry->port == message->port && entry->gen == message->gen)
		entry->seen = worker->clock;
	else
		enter(fdb, worker->snap, message->key, message->port, message->gen, worker->clock, &moved);
}

void
weft_fdb_sweep(struct weft_worker *worker, uint32_t n_buckets)
{
	struct weft_fdb *fdb = worker->fdb;

	for (uint32_t b = 0; b < n_buckets; b++) {
		struct weft_mac_bucket *bucket = &fdb->tab.buckets[fdb->sweep];

		fdb->sweep = (fdb->sweep + 1) & fdb->tab.mask;
		rte_prefetch0(&fdb->tab.buckets[fdb->sweep]);
		for (unsigned int i = 0; i < WEFT_MACTAB_WAYS; i++) {
			struct weft_mac_entry *entry = &bucket->way[i];

			if (entry->key && (worker->clock - entry->seen > fdb->age ||
						  !weft_snapshot_port(worker->snap, entry->port, entry->gen)))
				remove_entry(fdb, entry);
		}
	}
}
