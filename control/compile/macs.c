// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A build copies the whole table before it changes an address. A table that is full is made again, larger or with
// another seed.
#include "macs.h"

#include <stdlib.h>
#include <string.h>

#include <rte_random.h>

#include "refcount.h"

#define N_SEEDS 16 // attempts to make a table

static struct weft_macs *
new_table(uint32_t room, uint64_t seed)
{
	struct weft_macs *macs = calloc(1, sizeof(*macs));
	uint32_t n = weft_mactab_buckets(room);

	if (macs == NULL)
		return NULL;
	macs->refs = 1;
	macs->room = room;
	macs->tab.buckets = weft_refcount_new(n * sizeof(macs->tab.buckets[0]), true);
	macs->tab.mask = n - 1;
	macs->tab.seed = seed;
	if (macs->tab.buckets)
		return macs;
	free(macs);
	return NULL;
}

struct weft_macs *
build_macs_new(uint32_t room)
{
	return new_table(RTE_MAX(room, 16u), rte_rand());
}

void
build_macs_unref(struct weft_macs *macs)
{
	if (--macs->refs)
		return;
	weft_refcount_unref(macs->tab.buckets);
	free(macs);
}

static int
put_all(struct weft_macs *to, const struct weft_macs *from)
{
	for (uint32_t b = 0; b <= from->tab.mask; b++) {
		for (unsigned int i = 0; i < WEFT_MACTAB_WAYS; i++) {
			const struct weft_mac_entry *entry = &from->tab.buckets[b].way[i];
			struct weft_mac_entry *way = entry->key ? weft_mactab_free_way(&to->tab, entry->key) : NULL;

			if (entry->key && way == NULL)
				return -ENOSPC;
			if (way)
				*way = *entry;
		}
	}
	to->n = from->n;
	return 0;
}

static void
replace(struct weft_build *build, struct weft_macs *macs)
{
	build_macs_unref(build->snap->macs);
	build->snap->macs = macs;
	build->snap->static_macs = macs->tab;
}

// Copies the table if the build still shares it. Returns 0 or -ENOMEM.
static int
own(struct weft_build *build)
{
	const struct weft_macs *macs = build->snap->macs;
	struct weft_macs *copy;

	if (macs->refs == 1)
		return 0;
	copy = new_table(macs->room, macs->tab.seed);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy->tab.buckets, macs->tab.buckets, (macs->tab.mask + 1) * sizeof(macs->tab.buckets[0]));
	copy->n = macs->n;
	replace(build, copy);
	return 0;
}

// Makes the table again. Whether both buckets of an entry are full depends on the seed, so another seed or a larger
// table helps. Returns 0 or -ENOMEM.
static int
grow(struct weft_build *build)
{
	const struct weft_macs *macs = build->snap->macs;

	for (unsigned int i = 0; i < N_SEEDS; i++) {
		uint32_t room = macs->n >= macs->room || i ? macs->room * 2 : macs->room;
		struct weft_macs *bigger = new_table(room, rte_rand());

		if (bigger == NULL)
			return -ENOMEM;
		if (put_all(bigger, macs) == 0) {
			replace(build, bigger);
			return 0;
		}
		build_macs_unref(bigger);
	}
	return -ENOMEM;
}

// Enters ENTRY. If two ports exchange their addresses, the entry of the other port is overwritten.
static int
enter(struct weft_build *build, const struct weft_mac_entry *entry)
{
	struct weft_mac_entry *way;
	int ret = own(build);

	if (ret)
		return ret;
	way = weft_mactab_find(
		&build->snap->macs->tab, entry->key, weft_mactab_hash(&build->snap->macs->tab, entry->key));
	if (way == NULL) {
		if (build->snap->macs->n >= build->snap->macs->room)
			ret = grow(build);
		while (ret == 0 && (way = weft_mactab_free_way(&build->snap->macs->tab, entry->key)) == NULL)
			ret = grow(build);
		if (ret)
			return ret;
		build->snap->macs->n++;
	}
	*way = *entry;
	return 0;
}

int
build_macs_enter(struct weft_build *build, uint16_t domain, uint16_t slot, const struct weft_port_conf *conf)
{
	return enter(build,
		&(struct weft_mac_entry){ .key = weft_mac_key(domain, conf->mac), .port = slot, .gen = conf->gen });
}

int
build_macs_enter_number(struct weft_build *build, uint64_t key, uint16_t number)
{
	return build_macs_enter(build, 0, number, &(struct weft_port_conf){ .mac = key, .gen = 1 });
}

int
build_macs_enter_owner(
	struct weft_build *build, uint16_t domain, const struct weft_ip *address, uint16_t slot, uint64_t mac)
{
	return enter(build, &(struct weft_mac_entry){ .key = weft_owner_key(domain, address),
				    .port = slot,
				    .gen = (uint16_t)(mac >> 32),
				    .seen = (uint32_t)mac });
}

int
build_macs_remove(struct weft_build *build, uint16_t domain, uint16_t slot, uint64_t mac)
{
	uint64_t key = weft_mac_key(domain, mac);
	struct weft_mac_entry *entry;
	int ret = own(build);

	if (ret)
		return ret;
	entry = weft_mactab_find(&build->snap->macs->tab, key, weft_mactab_hash(&build->snap->macs->tab, key));
	// Within one build the address may have moved to another port already.
	if (entry && entry->port == slot) {
		*entry = (struct weft_mac_entry){ 0 };
		build->snap->macs->n--;
	}
	return 0;
}
