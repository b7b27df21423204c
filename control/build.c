// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Snapshots in the making: pages are copied when something on them changes, domains get and lose members, configured
// addresses stand in one table.
#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "rulebook.h"
#include "share.h"

#define MIN_ROOM 8 // members that a new list has room for

// A domain's list of members, as it lies in memory.
struct members {
	uint32_t room;
	uint64_t version; // of the snapshot that it was made for: in its build it may change
	uint16_t port[];
};

static struct members *
members_of(const struct weft_domain *domain)
{
	return domain->ports ? (struct members *)((uintptr_t)domain->ports - offsetof(struct members, port)) : NULL;
}

static void
free_port_page(struct weft_port_page *page)
{
	for (unsigned int i = 0; i < WEFT_PAGE; i++) {
		weft_share_unref(page->port[i].name);
		weft_share_unref(page->port[i].vid_domain);
		weft_policies_unref(page->port[i].policy);
		weft_share_unref(page->port[i].underlay);
		weft_share_unref(page->port[i].peer);
	}
}

static void
free_domain_page(struct weft_domain_page *page)
{
	for (unsigned int i = 0; i < WEFT_PAGE; i++) {
		weft_share_unref(page->domain[i].name);
		weft_share_unref(members_of(&page->domain[i]));
	}
}

static void
put_port_page(struct weft_port_page *page)
{
	if (page == &weft_no_ports)
		return;
	if (weft_share_is_last(page))
		free_port_page(page);
	weft_share_unref(page);
}

static void
put_domain_page(struct weft_domain_page *page)
{
	if (page == &weft_no_domains)
		return;
	if (weft_share_is_last(page))
		free_domain_page(page);
	weft_share_unref(page);
}

// The page of SLOT, as the build's own.
static struct weft_port_page *
own_port_page(struct weft_build *build, uint16_t slot)
{
	struct weft_snapshot *snap = build->snap;
	unsigned int i = slot / WEFT_PAGE;
	struct weft_port_page *page = snap->port_page[i], *copy;

	if (snap->port_version[i] == snap->version)
		return page;
	copy = weft_share_new(sizeof(*copy), true);
	if (copy == NULL)
		return NULL;
	*copy = *page;
	for (unsigned int k = 0; k < WEFT_PAGE; k++) {
		weft_share_ref(copy->port[k].name);
		weft_share_ref(copy->port[k].vid_domain);
		weft_policies_ref(copy->port[k].policy);
		weft_share_ref(copy->port[k].underlay);
		weft_share_ref(copy->port[k].peer);
	}
	put_port_page(page);
	snap->port_page[i] = copy;
	snap->port_version[i] = snap->version;
	return copy;
}

static struct weft_domain *
own_domain(struct weft_build *build, uint16_t id)
{
	struct weft_snapshot *snap = build->snap;
	unsigned int i = id / WEFT_PAGE;
	struct weft_domain_page *page = snap->domain_page[i], *copy;

	if (build->domain_version[i] == snap->version)
		return &page->domain[id % WEFT_PAGE];
	copy = weft_share_new(sizeof(*copy), true);
	if (copy == NULL)
		return NULL;
	*copy = *page;
	for (unsigned int k = 0; k < WEFT_PAGE; k++) {
		weft_share_ref(copy->domain[k].name);
		weft_share_ref(members_of(&copy->domain[k]));
	}
	put_domain_page(page);
	snap->domain_page[i] = copy;
	build->domain_version[i] = snap->version;
	return &copy->domain[id % WEFT_PAGE];
}

// Enters something that is no MAC into the table of addresses.
static int
enter_number(struct weft_build *build, uint64_t key, uint16_t number)
{
	return build_macs_enter(build, 0, number, &(struct weft_port_conf){ .mac = key, .gen = 1 });
}

static enum weft_tunnel
tunnel_of(const struct weft_network *network)
{
	return network->encap == WEFT_ENCAP_VXLAN    ? WEFT_TUNNEL_VXLAN
	       : network->encap == WEFT_ENCAP_GENEVE ? WEFT_TUNNEL_GENEVE
						     : WEFT_TUNNEL_NONE;
}

// Frames of the network's number lead to the domain ID from now on, and those of its former number nowhere.
static int
enter_vni(struct weft_build *build, const struct weft_domain *domain, uint16_t id, const struct domain_name *name)
{
	enum weft_tunnel tunnel = name->network ? tunnel_of(name->network) : WEFT_TUNNEL_NONE;
	int ret = 0;

	if (domain->tunnel)
		ret = build_macs_remove(build, 0, id, weft_tunnel_key(domain->tunnel, domain->vni, domain->vid));
	if (ret == 0 && tunnel)
		ret = enter_number(build, weft_tunnel_key(tunnel, name->network->vni, name->vid), id);
	return ret;
}

uint16_t
build_domain(struct weft_build *build, const struct domain_name *name)
{
	const struct weft_network *network = name->network;
	uint16_t id = weft_placement_domain(build->placement, network->o.path, name->vid);
	uint16_t uplink_vid = name->vid == 0 ? network->vlan : 0;
	const struct weft_domain *now = weft_snapshot_domain(build->snap, id);
	uint32_t number = network->firewall ? weft_rulebook_number(network->o.key) : 0;
	struct weft_domain *domain;
	char text[WEFT_PATH_SIZE + 8], *copy;

	if (id == 0 || (now->name && now->uplink_vid == uplink_vid && now->learning == network->learning &&
			       now->liberal == network->tcp && now->pickup == network->pickup &&
			       now->network == number && now->tunnel == tunnel_of(network) && now->vni == network->vni))
		return id;
	domain = own_domain(build, id);
	if (domain == NULL)
		return 0;
	if (domain->name && domain->learning != network->learning)
		build->voided[id / 64] |= UINT64_C(1) << (id % 64);
	if (domain->name == NULL) {
		snprintf(text, sizeof(text), name->vid ? "%s.%u" : "%s", network->o.path, name->vid);
		copy = weft_share_new(strlen(text) + 1, false);
		if (copy == NULL)
			return 0;
		strcpy(copy, text);
		domain->name = copy;
		json_array_append_new(build->fresh, json_pack("[s, i]", network->o.path, name->vid));
	}
	if (enter_vni(build, domain, id, name))
		return 0;
	domain->vid = name->vid;
	domain->tunnel = tunnel_of(network);
	domain->vni = network->vni;
	domain->uplink_vid = uplink_vid;
	domain->learning = network->learning;
	domain->liberal = network->tcp;
	domain->pickup = network->pickup;
	domain->network = number;
	domain->epoch = (uint32_t)build->snap->version;
	return id;
}

uint32_t
build_network_number(const struct weft_port *port)
{
	char key[WEFT_KEY_SIZE];

	snprintf(key, sizeof(key), "tenants/%.*s/networks/%s", (int)strcspn(port->o.path, "/"), port->o.path,
		port->network);
	return weft_rulebook_number(key);
}

uint32_t
build_port_number(const struct weft_port *port)
{
	return weft_rulebook_number(port->o.key);
}

void
build_touch_network(struct weft_build *build, const struct weft_port *port)
{
	char prefix[WEFT_PATH_SIZE];
	int len = snprintf(
		prefix, sizeof(prefix), "%.*s/%s", (int)strcspn(port->o.path, "/"), port->o.path, port->network);
	const char *name;
	json_t *number;

	json_object_foreach (build->placement->domains, name, number) {
		struct weft_domain *domain;

		if (strncmp(name, prefix, len) || strchr(name + len, '.') != name + len)
			continue;
		domain = own_domain(build, json_integer_value(number));
		if (domain)
			domain->epoch = (uint32_t)build->snap->version;
	}
}

// The domain's list of members as the build's own, with room for one more.
static struct members *
own_members(struct weft_build *build, struct weft_domain *domain)
{
	struct members *members = members_of(domain), *copy;
	uint32_t room = RTE_MAX(domain->n_ports + domain->n_ports / 2, (uint32_t)MIN_ROOM);

	if (members && members->version == build->snap->version && domain->n_ports < members->room)
		return members;
	copy = weft_share_new(sizeof(*copy) + room * sizeof(copy->port[0]), true);
	if (copy == NULL)
		return NULL;
	copy->room = room;
	copy->version = build->snap->version;
	if (members)
		memcpy(copy->port, members->port, domain->n_ports * sizeof(copy->port[0]));
	weft_share_unref(members);
	domain->ports = copy->port;
	return copy;
}

static int
join(struct weft_build *build, uint16_t id, uint16_t slot)
{
	struct weft_domain *domain = own_domain(build, id);
	struct members *members = domain ? own_members(build, domain) : NULL;

	if (members == NULL)
		return -ENOMEM;
	members->port[domain->n_ports++] = slot;
	return 0;
}

static int
leave(struct weft_build *build, uint16_t id, uint16_t slot)
{
	struct weft_domain *domain = own_domain(build, id);
	struct members *members = domain ? own_members(build, domain) : NULL;
	uint32_t i = 0;

	if (members == NULL)
		return -ENOMEM;
	while (i < domain->n_ports && members->port[i] != slot)
		i++;
	if (i == domain->n_ports)
		return 0;
	members->port[i] = members->port[--domain->n_ports];
	if (domain->n_ports == 0)
		json_array_append_new(build->emptied, json_integer(id));
	return 0;
}

// The domains that CONF stands in, each once, into IDS; and into the build's scratch set.
static unsigned int
collect(struct weft_build *build, const struct weft_port_conf *conf, uint16_t *ids)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i <= (conf->vid_domain ? WEFT_N_VLANS : 0); i++) {
		uint16_t id = i == 0 ? conf->native : conf->vid_domain[i - 1];

		if (id == 0 || build_set_has(build->set, id))
			continue;
		build->set[id / 64] |= UINT64_C(1) << (id % 64);
		ids[n++] = id;
	}
	return n;
}

static void
clear_set(struct weft_build *build, const uint16_t *ids, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		build->set[ids[i] / 64] &= ~(UINT64_C(1) << (ids[i] % 64));
}

int
build_put_port(struct weft_build *build, uint16_t slot, const struct weft_port_conf *conf)
{
	struct weft_port_page *page = own_port_page(build, slot);
	struct weft_port_conf *old = page ? &page->port[slot % WEFT_PAGE] : NULL;
	unsigned int n_before, n_after;
	bool moved = false;
	int ret = old ? 0 : -ENOMEM;

	if (ret)
		return ret;
	n_after = collect(build, conf, build->after);
	clear_set(build, build->after, n_after);
	n_before = collect(build, old, build->before);
	for (unsigned int i = 0; ret == 0 && i < n_after; i++) {
		if (!build_set_has(build->set, build->after[i])) {
			ret = join(build, build->after[i], slot);
			moved = true;
		}
	}
	clear_set(build, build->before, n_before);
	collect(build, conf, build->after);
	for (unsigned int i = 0; ret == 0 && i < n_before; i++) {
		if (!build_set_has(build->set, build->before[i])) {
			ret = leave(build, build->before[i], slot);
			moved = true;
		}
	}
	clear_set(build, build->after, n_after);
	moved = moved || old->mac != conf->mac || old->gen != conf->gen;
	for (unsigned int i = 0; ret == 0 && moved && old->mac && i < n_before; i++)
		ret = build_macs_remove(build, build->before[i], slot, old->mac);
	for (unsigned int i = 0; ret == 0 && moved && conf->mac && i < n_after; i++)
		ret = build_macs_enter(build, build->after[i], slot, conf);
	if (ret == 0 && old->peer && !(conf->peer && conf->peer->address == old->peer->address))
		ret = build_macs_remove(build, 0, slot, weft_peer_key(old->peer->address));
	if (ret == 0 && conf->peer)
		ret = enter_number(build, weft_peer_key(conf->peer->address), slot);
	if (ret)
		return ret;
	weft_share_unref(old->name);
	weft_share_unref(old->vid_domain);
	weft_policies_unref(old->policy);
	weft_share_unref(old->underlay);
	weft_share_unref(old->peer);
	*old = *conf;
	return 0;
}

struct weft_build *
weft_build_begin(const struct weft_snapshot *base, struct weft_placement *placement, uint64_t version, uint64_t tsc_hz)
{
	struct weft_build *build = calloc(1, sizeof(*build));
	struct weft_snapshot *snap = rte_zmalloc("snapshot", sizeof(*snap), RTE_CACHE_LINE_SIZE);

	if (build == NULL || snap == NULL)
		goto fail;
	build->snap = snap;
	weft_snapshot_blank(snap);
	if (base)
		*snap = *base;
	snap->version = version;
	snap->macs = base && base->macs ? base->macs : build_macs_new(1);
	build->placement = placement;
	build->hz = tsc_hz;
	build->fresh = json_array();
	build->emptied = json_array();
	if (!snap->macs || !build->fresh || !build->emptied)
		goto fail;
	if (base && base->macs)
		base->macs->refs++;
	build_members_ref(snap->members);
	snap->static_macs = snap->macs->tab;
	for (unsigned int i = 0; i < WEFT_PORT_PAGES; i++)
		if (snap->port_page[i] != &weft_no_ports)
			weft_share_ref(snap->port_page[i]);
	for (unsigned int i = 0; i < WEFT_DOMAIN_PAGES; i++)
		if (snap->domain_page[i] != &weft_no_domains)
			weft_share_ref(snap->domain_page[i]);
	return build;
fail:
	if (build) {
		json_decref(build->fresh);
		json_decref(build->emptied);
	}
	free(build);
	rte_free(snap);
	return NULL;
}

static void
end(struct weft_build *build)
{
	json_decref(build->fresh);
	json_decref(build->emptied);
	weft_tiers_free(&build->tiers);
	free(build);
}

void
weft_build_abort(struct weft_build *build)
{
	size_t i;
	json_t *name;

	if (build == NULL)
		return;
	json_array_foreach (build->fresh, i, name)
		weft_placement_forget_domain(build->placement, json_string_value(json_array_get(name, 0)),
			json_integer_value(json_array_get(name, 1)));
	weft_snapshot_free(build->snap);
	end(build);
}

// Domains that nobody stands in any more lose their number.
static void
drop_emptied(struct weft_build *build)
{
	size_t i;
	json_t *number;

	json_array_foreach (build->emptied, i, number) {
		struct weft_domain *domain = own_domain(build, json_integer_value(number));
		char network[WEFT_PATH_SIZE];

		if (domain->n_ports || domain->name == NULL)
			continue;
		enter_vni(build, domain, json_integer_value(number), &(struct domain_name){ 0 });
		snprintf(network, sizeof(network), "%.*s",
			(int)(strlen(domain->name) - (domain->vid ? strlen(strrchr(domain->name, '.')) : 0)),
			domain->name);
		weft_placement_forget_domain(build->placement, network, domain->vid);
		weft_share_unref(domain->name);
		weft_share_unref(members_of(domain));
		*domain = (struct weft_domain){ 0 };
	}
}

int
weft_build_check(size_t budget, struct weft_error *err)
{
	const double mib = 1 << 20;

	if (weft_share_used() <= budget)
		return 0;
	return weft_fail(err, ENOSPC,
		"the compiled policy would take %.1f MiB, and policy_memory_mb allows %.0f: raise it, or make the "
		"policy "
		"smaller",
		weft_share_used() / mib, budget / mib);
}

struct weft_snapshot *
weft_build_finish(struct weft_build *build, uint64_t generation)
{
	struct weft_snapshot *snap = build->snap;

	drop_emptied(build);
	snap->generation = generation;
	end(build);
	return snap;
}

void
weft_snapshot_free(struct weft_snapshot *snap)
{
	if (snap == NULL)
		return;
	for (unsigned int i = 0; i < WEFT_PORT_PAGES; i++)
		put_port_page(snap->port_page[i]);
	for (unsigned int i = 0; i < WEFT_DOMAIN_PAGES; i++)
		put_domain_page(snap->domain_page[i]);
	build_members_unref(snap->members);
	if (snap->macs)
		build_macs_unref(snap->macs);
	else
		weft_mactab_fini(&snap->static_macs); // the engine's first, empty one
	rte_free(snap);
}
