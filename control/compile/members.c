// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Snapshots share the table of addresses. A build copies it before it changes an entry.
#include "members.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_random.h>

#include "domains.h"
#include "refcount.h"

struct weft_members {
	unsigned int refs;
	uint32_t n;
	uint32_t of_length[2][129]; // entries, by family and length
	struct weft_addrmap map;
};

#define MIN_SIZE 32

static void
free_members(struct weft_members *members)
{
	for (uint32_t i = 0; members->map.entry && i <= members->map.mask; i++)
		weft_refcount_unref(members->map.entry[i].identity);
	weft_refcount_unref(members->map.entry);
	free(members);
}

void
build_members_unref(struct weft_members *members)
{
	if (members && --members->refs == 0)
		free_members(members);
}

void
build_members_ref(struct weft_members *members)
{
	if (members)
		members->refs++;
}

static void
put(struct weft_addrmap *map, const struct weft_addr_entry *entry)
{
	uint32_t i = weft_addrmap_slot(map, &entry->key);

	while (map->entry[i].key.network)
		i = (i + 1) & map->mask;
	map->entry[i] = *entry;
}

// Returns the table for changing, with room for one more entry: it is copied if the build still shares it. NULL without
// memory.
static struct weft_members *
own(struct weft_build *build)
{
	struct weft_members *old = build->snap->members, *members;
	uint32_t size = old ? old->map.mask + 1 : MIN_SIZE;

	if (old && old->refs == 1 && 2 * (old->n + 1) <= size)
		return old;
	if (old && 2 * (old->n + 1) > size)
		size *= 2;
	members = calloc(1, sizeof(*members));
	if (members == NULL)
		return NULL;
	if (old)
		*members = *old;
	members->refs = 1;
	members->map.mask = size - 1;
	members->map.seed = old ? old->map.seed : rte_rand();
	members->map.entry = weft_refcount_new(size * sizeof(members->map.entry[0]), true);
	if (members->map.entry == NULL) {
		free(members);
		return NULL;
	}
	for (uint32_t i = 0; old && i <= old->map.mask; i++) {
		if (old->map.entry[i].key.network == 0)
			continue;
		put(&members->map, &old->map.entry[i]);
		weft_refcount_ref(old->map.entry[i].identity);
	}
	build_members_unref(old);
	build->snap->members = members;
	build->snap->addrs = members->map;
	return members;
}

// Counts an entry that was added (STEP 1) or removed (-1), and updates the set of prefix lengths in use.
static void
count_length(struct weft_members *members, const struct weft_addr_key *key, int step)
{
	uint32_t *n = &members->of_length[key->v6][key->length];
	uint64_t *lengths = key->v6 ? &members->map.lengths6[key->length / 64] : &members->map.lengths4;

	*n += (uint32_t)step;
	*lengths &= ~(UINT64_C(1) << (key->length % 64));
	*lengths |= (uint64_t)(*n != 0) << (key->length % 64);
	members->n += (uint32_t)step;
}

static int
enter(struct weft_build *build, const struct weft_addr_key *key, const struct weft_identity *identity)
{
	struct weft_members *members = own(build);
	struct weft_addr_entry *entry;

	if (members == NULL)
		return -ENOMEM;
	weft_refcount_ref(identity);
	entry = weft_addrmap_find(&members->map, key);
	if (entry) {
		weft_refcount_unref(entry->identity);
		entry->identity = identity;
		return 0;
	}
	put(&members->map, &(struct weft_addr_entry){ .key = *key, .identity = identity });
	count_length(members, key, 1);
	build->snap->addrs = members->map;
	return 0;
}

// Removes KEY, and moves back entries that linear probing had placed behind it (Knuth, TAOCP 3, algorithm 6.4R). Returns
// 0 or -ENOMEM.
static int
leave(struct weft_build *build, const struct weft_addr_key *key)
{
	struct weft_members *members = own(build);
	struct weft_addr_entry *entry = members ? weft_addrmap_find(&members->map, key) : NULL, *table;
	uint32_t hole, i;

	if (members == NULL)
		return -ENOMEM;
	if (entry == NULL)
		return 0;
	table = members->map.entry;
	weft_refcount_unref(entry->identity);
	count_length(members, key, -1);
	hole = i = (uint32_t)(entry - table);
	for (;;) {
		i = (i + 1) & members->map.mask;
		if (table[i].key.network == 0)
			break;
		// An entry stays if the hole lies before its own place.
		if (((i - weft_addrmap_slot(&members->map, &table[i].key)) & members->map.mask) <
			((i - hole) & members->map.mask))
			continue;
		table[hole] = table[i];
		hole = i;
	}
	memset(&table[hole], 0, sizeof(table[hole]));
	build->snap->addrs = members->map;
	return 0;
}

static uint8_t
length_of(const uint8_t *mask, unsigned int size)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < size; i++)
		bits += (unsigned int)__builtin_popcount(mask[i]);
	return (uint8_t)bits;
}

// Calls FN with the keys of PORT's addresses.
static int
each_address(struct weft_build *build, const struct weft_port *port, const void *arg,
	int (*fn)(struct weft_build *build, const struct weft_addr_key *key, const void *arg))
{
	struct weft_addr_key key = { .network = build_network_number(port) };
	int ret = key.network ? 0 : -ENOMEM;

	for (unsigned int i = 0; ret == 0 && i < port->ips.n4; i++) {
		key.length = length_of((const uint8_t *)&port->ips.v4[i].mask, 4);
		memcpy(key.addr, &port->ips.v4[i].addr, 4);
		ret = fn(build, &key, arg);
	}
	key.v6 = 1;
	for (unsigned int i = 0; ret == 0 && i < port->ips.n6; i++) {
		key.length = length_of(port->ips.v6[i].mask, 16);
		memcpy(key.addr, port->ips.v6[i].addr, 16);
		ret = fn(build, &key, arg);
	}
	return ret;
}

// Whether PORT names exactly the address or prefix of KEY.
static bool
has_address(const struct weft_port *port, const struct weft_addr_key *key)
{
	for (unsigned int i = 0; !key->v6 && i < port->ips.n4; i++)
		if (memcmp(&port->ips.v4[i].addr, key->addr, 4) == 0 &&
			length_of((const uint8_t *)&port->ips.v4[i].mask, 4) == key->length)
			return true;
	for (unsigned int i = 0; key->v6 && i < port->ips.n6; i++)
		if (memcmp(port->ips.v6[i].addr, key->addr, 16) == 0 &&
			length_of(port->ips.v6[i].mask, 16) == key->length)
			return true;
	return false;
}

struct owners {
	const struct weft_addr_key *key;
	const struct weft_port *last;
	uint32_t n, groups;
	struct weft_identity *identity; // NULL: they are only counted
	bool fits;
};

// Looks at all ports of the network of PORT that name exactly the address or prefix of OWNERS.
static void
each_owner(struct weft_build *build, const struct weft_port *port, struct owners *owners)
{
	char network[WEFT_KEY_SIZE];

	snprintf(network, sizeof(network), "tenants/%.*s/networks/%s", (int)strcspn(port->o.path, "/"), port->o.path,
		port->network);
	for (const struct weft_user *u = weft_model_users(build->members_of, network); u; u = u->hh.next) {
		const struct weft_port *other = (const struct weft_port *)u->object;

		if (other->o.kind != &weft_kind_port || strcmp(other->network, port->network) ||
			!has_address(other, owners->key))
			continue;
		if (owners->identity && !weft_policy_cache_join(owners->identity, other))
			owners->fits = false;
		owners->last = other;
		owners->n++;
		owners->groups += other->groups.n;
	}
}

// Gives KEY, which several ports of PORT's network named or name, the groups of all of them. Returns 0, -ENOMEM or -E2BIG.
static int
share(struct weft_build *build, const struct weft_port *port, const struct weft_addr_key *key)
{
	struct owners owners = { .key = key, .fits = true };
	int ret;

	each_owner(build, port, &owners);
	if (owners.n == 0)
		return leave(build, key);
	owners.identity = weft_policy_cache_identity(owners.groups);
	if (owners.identity == NULL)
		return -ENOMEM;
	owners.identity->port = owners.n == 1 ? build_port_number(owners.last) : 0;
	each_owner(build, port, &owners);
	ret = owners.fits ? enter(build, key, owners.identity) : -E2BIG;
	weft_refcount_unref(owners.identity);
	return ret;
}

static const struct weft_addr_entry *
entry_of(const struct weft_build *build, const struct weft_addr_key *key)
{
	return build->snap->members ? weft_addrmap_find(&build->snap->members->map, key) : NULL;
}

static int
leave_key(struct weft_build *build, const struct weft_addr_key *key, const void *arg)
{
	const struct weft_port *port = arg;
	const struct weft_addr_entry *entry = entry_of(build, key);

	if (entry == NULL)
		return 0;
	return entry->identity->port == build_port_number(port) ? leave(build, key) : share(build, port, key);
}

struct entering {
	const struct weft_port *port;
	const struct weft_identity *identity;
};

static int
enter_key(struct weft_build *build, const struct weft_addr_key *key, const void *arg)
{
	const struct entering *e = arg;
	const struct weft_addr_entry *entry = entry_of(build, key);

	return entry ? share(build, e->port, key) : enter(build, key, e->identity);
}

static int
enter_port(struct weft_build *build, const struct weft_port *port)
{
	struct weft_identity *identity = weft_policy_cache_identity(port->groups.n);
	struct entering entering = { port, identity };
	int ret;

	if (identity == NULL)
		return -ENOMEM;
	identity->port = build_port_number(port);
	weft_policy_cache_join(identity, port);
	ret = each_address(build, port, &entering, enter_key);
	weft_refcount_unref(identity);
	return ret;
}

static bool
is_member(const struct weft_port *port)
{
	return port && port->network[0] && port->ips.n4 + port->ips.n6;
}

static bool
same_list(const struct weft_list *a, const struct weft_list *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->items, b->items, (size_t)a->n * WEFT_NAME_SIZE) == 0);
}

static bool
same_membership(const struct weft_port *a, const struct weft_port *b)
{
	return is_member(a) && is_member(b) && strcmp(a->network, b->network) == 0 &&
	       same_list(&a->groups, &b->groups) && memcmp(&a->ips, &b->ips, sizeof(a->ips)) == 0;
}

int
weft_build_member(struct weft_build *build, const struct weft_model *model, const struct weft_port *old,
	const struct weft_port *new, struct weft_error *err)
{
	const struct weft_port *port = new ? new : old;
	int ret = 0;

	if ((!is_member(old) && !is_member(new)) || same_membership(old, new))
		return 0;
	build->members_of = model;
	if (is_member(old)) {
		ret = each_address(build, old, old, leave_key);
		build_touch_network(build, old);
	}
	if (ret == 0 && is_member(new)) {
		ret = enter_port(build, new);
		build_touch_network(build, new);
	}
	if (ret == -E2BIG)
		return weft_fail(err, -ret,
			"port %s: the ports that share an address with it are in more than %u groups together; take ports out "
			"of groups",
			port->o.path, WEFT_IDENTITY_GROUPS);
	return ret ? weft_fail(err, -ret, "port %s: no memory for its addresses: raise \"memory_mb\"", port->o.path)
		   : 0;
}
