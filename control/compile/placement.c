// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "placement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/engine.h"

#include "control/base/map.h"

bool
weft_placement_has(const struct weft_placement *placement, const struct weft_port *port)
{
	return port->host[0] ? strcmp(port->host, placement->host) == 0 : placement->alone;
}

void
weft_placement_each(const struct weft_placement *placement, const struct weft_model *model,
	void (*fn)(void *arg, const struct weft_port *port), void *arg)
{
	const char *key;
	json_t *value;

	json_object_foreach (model->objects, key, value) {
		const struct weft_object *object = weft_map_value(value);

		if (weft_is_port(object) && weft_placement_has(placement, (const struct weft_port *)object))
			fn(arg, (const struct weft_port *)object);
	}
}

bool
weft_placement_can_tunnel(const struct weft_placement *placement, const struct weft_model *model)
{
	const struct weft_host *self = weft_model_host(model, placement->host);

	return self && !weft_ip_is_none(&self->tunnel.address) && placement->uplink;
}

uint16_t
weft_placement_find(const struct weft_placement *placement, const char *path)
{
	return json_integer_value(json_object_get(placement->index, path));
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
	json_object_set_new(placement->index, path, json_integer(slot));
}

void
weft_placement_withdraw(struct weft_placement *placement, uint16_t slot)
{
	placement->place[slot].closing = true;
	json_object_del(placement->index, placement->place[slot].path);
}

void
weft_placement_reinstate(struct weft_placement *placement, uint16_t slot)
{
	placement->place[slot].closing = false;
	json_object_set_new(placement->index, placement->place[slot].path, json_integer(slot));
}

void
weft_placement_release(struct weft_placement *placement, uint16_t slot)
{
	weft_placement_own(placement, slot, WEFT_OWNER_NONE);
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

uint16_t
weft_placement_domain(struct weft_placement *placement, const char *network, uint16_t vid)
{
	char key[WEFT_PATH_SIZE + 8];
	const json_t *known;

	snprintf(key, sizeof(key), "%s.%u", network, vid);
	known = json_object_get(placement->domains, key);
	if (known)
		return json_integer_value(known);
	for (unsigned int tries = 0; tries < WEFT_MAX_DOMAINS; tries++) {
		uint16_t id = ++placement->next_domain;

		if (id == 0 || placement->domain_used[id])
			continue;
		placement->domain_used[id] = true;
		json_object_set_new(placement->domains, key, json_integer(id));
		return id;
	}
	return 0;
}

void
weft_placement_forget_domain(struct weft_placement *placement, const char *network, uint16_t vid)
{
	char key[WEFT_PATH_SIZE + 8];
	uint16_t id;

	snprintf(key, sizeof(key), "%s.%u", network, vid);
	id = json_integer_value(json_object_get(placement->domains, key));
	if (id == 0)
		return;
	placement->domain_used[id] = false;
	placement->next_domain = RTE_MIN(placement->next_domain, (uint16_t)(id - 1));
	json_object_del(placement->domains, key);
}

int
weft_placement_bucket(struct weft_placement *placement, const struct weft_model *model, const struct weft_port *port)
{
	const struct weft_limits *limits = weft_model_limits(model, port);
	char tenant[WEFT_NAME_SIZE];
	int bucket;

	if (limits == NULL || limits->rate == 0 || port->network[0] == 0)
		return 0;
	weft_object_tenant(&port->o, tenant);
	bucket = (int)json_integer_value(json_object_get(placement->buckets, tenant));
	for (int i = 1; bucket == 0 && i < WEFT_MAX_BUCKETS; i++)
		if (!placement->bucket[i].used)
			bucket = i;
	if (bucket == 0)
		return -ENOSPC;
	if (!placement->bucket[bucket].used) {
		placement->bucket[bucket] = (struct weft_bucket){ .used = true, .since = rte_rdtsc() };
		weft_engine_bucket_counts((uint16_t)bucket, &placement->bucket[bucket].counts);
	}
	json_object_set_new(placement->buckets, tenant, json_integer(bucket));
	return bucket;
}
