// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The table of multicast groups: an entry for each port in a group, and one for the group itself.
#include "groups.h"

#include <errno.h>

#include <rte_malloc.h>

#include "weft/worker.h"

// RFC 3376, 8.4: a membership ends if it is not repeated within so many intervals and the time for an answer.
#define ROBUSTNESS 2
#define ANSWER_S   10
#define ROUTERS_S  125

enum message { ADDRESS, JOIN, LEAVE };

// The key of an entry: a bit that no station's MAC address has tells it from addresses. SLOT 0: the group itself.
static uint64_t
key_of(const struct group *group, uint16_t slot)
{
	uint64_t number = (uint64_t)group->v6 << 32 | group->number;

	return weft_mac_key(group->domain, UINT64_C(1) << 47 | (uint64_t)slot << 33 | number);
}

static struct weft_mac_entry *
find(const struct weft_groups *groups, uint64_t key)
{
	return weft_mactab_find(&groups->tab, key, weft_mactab_hash(&groups->tab, key));
}

static uint32_t
interval(const struct weft_groups *groups)
{
	return groups->query_s ? groups->query_s : ROUTERS_S;
}

static bool
is_old(const struct weft_worker *worker, const struct weft_mac_entry *entry)
{
	return worker->clock - entry->seen > ROBUSTNESS * interval(worker->groups) + ANSWER_S;
}

// The time of a group's first join is stored in PORT and GEN of its entry.
static void
set_first(struct weft_mac_entry *entry, uint32_t clock)
{
	entry->port = (uint16_t)clock;
	entry->gen = (uint16_t)(clock >> 16);
}

struct weft_groups *
weft_groups_new(uint32_t limit, uint32_t query_s, uint64_t seed)
{
	struct weft_groups *groups = rte_zmalloc("groups", sizeof(*groups), RTE_CACHE_LINE_SIZE);

	if (groups == NULL)
		goto fail;
	groups->limit = limit;
	groups->query_s = query_s;
	groups->joined = rte_zmalloc("groups", WEFT_MAX_PORTS * sizeof(groups->joined[0]), RTE_CACHE_LINE_SIZE);
	groups->gen = rte_zmalloc("groups", WEFT_MAX_PORTS * sizeof(groups->gen[0]), RTE_CACHE_LINE_SIZE);
	if (groups->joined && groups->gen && weft_mactab_init(&groups->tab, limit, seed) == 0)
		return groups;
	weft_groups_free(groups);
fail:
	errno = ENOMEM;
	return NULL;
}

void
weft_groups_free(struct weft_groups *groups)
{
	if (groups == NULL)
		return;
	weft_mactab_fini(&groups->tab);
	rte_free(groups->joined);
	rte_free(groups->gen);
	rte_free(groups);
}

static uint16_t *
joined_by(struct weft_groups *groups, uint16_t slot, uint16_t gen)
{
	if (groups->gen[slot] != gen) {
		groups->gen[slot] = gen;
		groups->joined[slot] = 0;
	}
	return &groups->joined[slot];
}

static void
remove_entry(struct weft_groups *groups, struct weft_mac_entry *entry)
{
	uint16_t slot = entry->key >> 33 & (WEFT_MAX_PORTS - 1);

	if (slot && groups->gen[slot] == entry->gen && groups->joined[slot])
		groups->joined[slot]--;
	entry->key = 0;
	groups->n--;
}

// There is no room for a port that wants GROUP: the group is forgotten, so that its packets go to all ports.
static void
refuse(struct weft_groups *groups, const struct group *group)
{
	struct weft_mac_entry *entry = find(groups, key_of(group, WEFT_PORT_NONE));

	groups->refused++;
	if (entry)
		remove_entry(groups, entry);
}

static struct weft_mac_entry *
new_entry(struct weft_groups *groups, uint64_t key)
{
	struct weft_mac_entry *entry = groups->n < groups->limit ? weft_mactab_free_way(&groups->tab, key) : NULL;

	if (entry == NULL)
		return NULL;
	groups->n++;
	*entry = (struct weft_mac_entry){ .key = key };
	return entry;
}

static void
enter(struct weft_worker *worker, const struct group *group, uint16_t slot, uint16_t gen)
{
	struct weft_groups *groups = worker->groups;
	uint16_t *joined = joined_by(groups, slot, gen);
	struct weft_mac_entry *entry = find(groups, key_of(group, slot));

	if (entry == NULL) {
		if (*joined < WEFT_GROUPS_PER_PORT)
			entry = new_entry(groups, key_of(group, slot));
		if (entry == NULL) {
			refuse(groups, group);
			return;
		}
		(*joined)++;
	}
	entry->port = slot;
	entry->gen = gen;
	entry->seen = worker->clock;
	entry = find(groups, key_of(group, WEFT_PORT_NONE));
	if (entry == NULL) {
		entry = new_entry(groups, key_of(group, WEFT_PORT_NONE));
		if (entry == NULL) {
			groups->refused++;
			return;
		}
		set_first(entry, worker->clock);
	}
	entry->seen = worker->clock;
}

static void
leave(struct weft_worker *worker, const struct group *group, uint16_t slot)
{
	struct weft_mac_entry *entry = find(worker->groups, key_of(group, slot));

	if (entry)
		remove_entry(worker->groups, entry);
}

static void
tell(struct weft_worker *worker, const struct group *group, uint16_t slot, enum message what)
{
	const struct weft_fdb_message message = { .key = key_of(group, WEFT_PORT_NONE),
		.port = slot,
		.gen = weft_snapshot_slot(worker->snap, slot)->gen,
		.what = what };

	if (worker->groups->tell)
		worker->groups->tell(worker, &message);
}

void
weft_groups_join(struct weft_worker *worker, const struct group *group, uint16_t slot)
{
	enter(worker, group, slot, weft_snapshot_slot(worker->snap, slot)->gen);
	tell(worker, group, slot, JOIN);
}

void
weft_groups_leave(struct weft_worker *worker, const struct group *group, uint16_t slot)
{
	leave(worker, group, slot);
	tell(worker, group, slot, LEAVE);
}

void
weft_groups_hear(struct weft_worker *worker, const struct weft_fdb_message *message)
{
	struct group group = { .domain = message->key >> 48, .number = (uint32_t)message->key };

	group.v6 = message->key >> 32 & 1;
	if (!weft_snapshot_port(worker->snap, message->port, message->gen))
		return;
	if (message->what == JOIN)
		enter(worker, &group, message->port, message->gen);
	else
		leave(worker, &group, message->port);
}

bool
weft_groups_is_known(const struct weft_worker *worker, const struct group *group)
{
	const struct weft_mac_entry *entry = find(worker->groups, key_of(group, WEFT_PORT_NONE));

	return entry && !is_old(worker, entry) &&
	       worker->clock - ((uint32_t)entry->gen << 16 | entry->port) > interval(worker->groups) + ANSWER_S;
}

bool
weft_groups_has_router(const struct weft_worker *worker, uint16_t domain, bool v6)
{
	const struct group routers = { .domain = domain, .v6 = v6 };
	const struct weft_mac_entry *entry = find(worker->groups, key_of(&routers, WEFT_PORT_NONE));

	return entry && !is_old(worker, entry);
}

bool
weft_groups_wants(const struct weft_worker *worker, const struct group *group, uint16_t slot)
{
	const struct weft_mac_entry *entry = find(worker->groups, key_of(group, slot));

	return entry && !is_old(worker, entry) && weft_snapshot_port(worker->snap, slot, entry->gen);
}

void
weft_groups_sweep(struct weft_worker *worker, uint32_t n_buckets)
{
	struct weft_groups *groups = worker->groups;

	for (uint32_t b = 0; b < n_buckets; b++) {
		struct weft_mac_bucket *bucket = &groups->tab.buckets[groups->sweep];

		groups->sweep = (groups->sweep + 1) & groups->tab.mask;
		for (unsigned int i = 0; i < WEFT_MACTAB_WAYS; i++)
			if (bucket->way[i].key && is_old(worker, &bucket->way[i]))
				remove_entry(groups, &bucket->way[i]);
	}
}
