// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "placement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/engine.h"

#include "domain_ids.h"

bool
weft_placement_has(const struct weft_placement *placement, const struct weft_port *port)
{
	return port->host[0] ? strcmp(port->host, placement->host) == 0 : placement->alone;
}

void
weft_placement_each(const struct weft_placement *placement, const struct weft_model *model,
	void (*fn)(void *arg, const struct weft_port *port), void *arg)
{
	for (const struct weft_object *object = model->objects; object; object = object->hh.next)
		if (weft_is_port(object) && weft_placement_has(placement, (const struct weft_port *)object))
			fn(arg, (const struct weft_port *)object);
}

bool
weft_placement_can_tunnel(const struct weft_placement *placement, const struct weft_model *model)
{
	const struct weft_host *self = weft_model_host(model, placement->host);

	return self && !weft_ip_is_none(&self->tunnel.address) && placement->uplink;
}

// Removes PLACE from the index.
static void
leave_index(struct weft_placement *placement, const struct weft_place *place)
{
	struct weft_place *found;

	HASH_FIND_STR(placement->index, place->path, found);
	if (found == place)
		HASH_DEL(placement->index, found);
}

// Adds PLACE to the index, and removes another one with the same path.
static void
enter_index(struct weft_placement *placement, struct weft_place *place)
{
	struct weft_place *found;

	HASH_FIND_STR(placement->index, place->path, found);
	if (found)
		HASH_DEL(placement->index, found);
	HASH_ADD_STR(placement->index, path, place);
}

uint16_t
weft_placement_find(const struct weft_placement *placement, const char *path)
{
	const struct weft_place *place;

	HASH_FIND_STR(placement->index, path, place);
	return place ? (uint16_t)(place - placement->place) : 0;
}

void
weft_placement_host_path(const char *host, char path[WEFT_PATH_SIZE])
{
	snprintf(path, WEFT_PATH_SIZE, "@%.63s", host);
}

uint16_t
weft_placement_find_host(const struct weft_placement *placement, const char *host)
{
	char path[WEFT_PATH_SIZE];

	weft_placement_host_path(host, path);
	return weft_placement_find(placement, path);
}

void
weft_placement_renew(struct weft_placement *placement, uint16_t slot)
{
	if (++placement->place[slot].gen == 0)
		placement->place[slot].gen = 1;
}

void
weft_placement_assign(struct weft_placement *placement, uint16_t slot, const char *path)
{
	struct weft_place *place = &placement->place[slot];

	*place = (struct weft_place){ .gen = place->gen, .owner = WEFT_OWNER_NONE };
	weft_placement_renew(placement, slot);
	snprintf(place->path, sizeof(place->path), "%s", path);
	weft_engine_port_stats(slot, &place->before);
	place->load = place->before.rx + place->before.tx;
	enter_index(placement, place);
}

void
weft_placement_withdraw(struct weft_placement *placement, uint16_t slot)
{
	placement->place[slot].closing = true;
	leave_index(placement, &placement->place[slot]);
}

void
weft_placement_reinstate(struct weft_placement *placement, uint16_t slot)
{
	placement->place[slot].closing = false;
	enter_index(placement, &placement->place[slot]);
}

void
weft_placement_release(struct weft_placement *placement, uint16_t slot)
{
	weft_placement_own(placement, slot, WEFT_OWNER_NONE);
	leave_index(placement, &placement->place[slot]);
	placement->place[slot].closing = false;
	placement->place[slot].path[0] = 0;
	placement->first_free = RTE_MIN(placement->first_free, slot);
}

void
weft_placement_own(struct weft_placement *placement, uint16_t slot, uint16_t worker)
{
	uint16_t *owner = &placement->place[slot].owner;

	if (*owner < WEFT_MAX_WORKERS)
		placement->owned[*owner]--;
	if (worker < WEFT_MAX_WORKERS)
		placement->owned[worker]++;
	*owner = worker;
}

uint16_t
weft_placement_free_slot(struct weft_placement *placement)
{
	for (unsigned int i = RTE_MAX(placement->first_free, 1); i < WEFT_MAX_PORTS; i++) {
		placement->first_free = i;
		if (placement->place[i].path[0] == 0)
			return i;
	}
	return 0;
}

uint16_t
weft_placement_least(const struct weft_placement *placement, uint16_t n_workers)
{
	uint16_t best = 0;

	for (uint16_t w = 1; w < n_workers; w++)
		if (placement->owned[w] < placement->owned[best])
			best = w;
	return best;
}

struct load {
	uint16_t slot;
	uint64_t packets;
};

static int
busier_first(const void *a, const void *b)
{
	const struct load *x = a, *y = b;

	if (x->packets != y->packets)
		return x->packets < y->packets ? 1 : -1;
	return x->slot - y->slot;
}

unsigned int
weft_placement_rebalance(struct weft_placement *placement, uint16_t n_workers)
{
	uint64_t sum[WEFT_MAX_WORKERS] = { 0 };
	struct load *loads = calloc(WEFT_MAX_PORTS, sizeof(*loads));
	unsigned int n = 0, moved = 0;

	if (loads == NULL)
		return 0;
	for (unsigned int i = 1; i < WEFT_MAX_PORTS; i++) {
		struct weft_place *place = &placement->place[i];
		struct weft_port_stats stats;

		if (place->path[0] == 0 || place->closing || place->owner == WEFT_OWNER_EACH)
			continue;
		weft_engine_port_stats(i, &stats);
		// An idle port still costs its polls.
		loads[n].packets = stats.rx + stats.tx - place->load + 1;
		place->load = stats.rx + stats.tx;
		if (place->pinned)
			sum[place->owner] += loads[n].packets;
		else
			loads[n++].slot = i;
	}
	qsort(loads, n, sizeof(*loads), busier_first);
	for (unsigned int i = 0; i < n; i++) {
		struct weft_place *place = &placement->place[loads[i].slot];
		uint16_t best = place->owner;

		for (uint16_t w = 0; w < n_workers; w++)
			if (sum[w] < sum[best])
				best = w;
		moved += best != place->owner;
		weft_placement_own(placement, loads[i].slot, best);
		sum[best] += loads[i].packets;
	}
	free(loads);
	return moved;
}

int
weft_placement_bucket(struct weft_placement *placement, const struct weft_model *model, const struct weft_port *port)
{
	const struct weft_limits *limits = weft_model_limits(model, port);
	struct weft_bucket *bucket;
	char tenant[WEFT_NAME_SIZE];
	int i = 1;

	if (limits == NULL || limits->rate == 0 || port->network[0] == 0)
		return 0;
	weft_object_tenant(&port->o, tenant);
	HASH_FIND_STR(placement->buckets, tenant, bucket);
	if (bucket)
		return (int)(bucket - placement->bucket);
	while (i < WEFT_MAX_BUCKETS && placement->bucket[i].used)
		i++;
	if (i == WEFT_MAX_BUCKETS)
		return -ENOSPC;
	bucket = &placement->bucket[i];
	*bucket = (struct weft_bucket){ .used = true, .since = rte_rdtsc() };
	memcpy(bucket->tenant, tenant, sizeof(tenant));
	weft_engine_bucket_counts((uint16_t)i, &bucket->counts);
	HASH_ADD_STR(placement->buckets, tenant, bucket);
	return i;
}

void
weft_placement_free_bucket(struct weft_placement *placement, struct weft_bucket *bucket)
{
	HASH_DEL(placement->buckets, bucket);
	bucket->used = false;
}

struct weft_placement *
weft_placement_new(void)
{
	return calloc(1, sizeof(struct weft_placement));
}

void
weft_placement_clear(struct weft_placement *placement)
{
	for (unsigned int id = 1; id <= WEFT_MAX_DOMAINS; id++)
		weft_domain_id_free(placement, (uint16_t)id);
	HASH_CLEAR(hh, placement->index);
	HASH_CLEAR(hh, placement->buckets);
	memset(placement, 0, sizeof(*placement));
}

void
weft_placement_free(struct weft_placement *placement)
{
	if (placement)
		weft_placement_clear(placement);
	free(placement);
}
