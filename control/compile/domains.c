// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "domains.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "domain_ids.h"
#include "macs.h"
#include "refcount.h"
#include "rulebook.h"

#define MIN_ROOM 8 // members that a new list has room for

static void
free_domain_page(struct weft_domain_page *page)
{
	for (unsigned int i = 0; i < WEFT_PAGE; i++) {
		weft_refcount_unref(page->domain[i].name);
		weft_refcount_unref(build_members_of(&page->domain[i]));
	}
}

void
build_put_domain_page(struct weft_domain_page *page)
{
	if (page == &weft_no_domains)
		return;
	if (weft_refcount_is_last(page))
		free_domain_page(page);
	weft_refcount_unref(page);
}

struct weft_domain *
build_own_domain(struct weft_build *build, uint16_t id)
{
	struct weft_snapshot *snap = build->snap;
	unsigned int i = id / WEFT_PAGE;
	struct weft_domain_page *page = snap->domain_page[i], *copy;

	if (build->domain_version[i] == snap->version)
		return &page->domain[id % WEFT_PAGE];
	copy = weft_refcount_new(sizeof(*copy), true);
	if (copy == NULL)
		return NULL;
	*copy = *page;
	for (unsigned int k = 0; k < WEFT_PAGE; k++) {
		weft_refcount_ref(copy->domain[k].name);
		weft_refcount_ref(build_members_of(&copy->domain[k]));
	}
	build_put_domain_page(page);
	snap->domain_page[i] = copy;
	build->domain_version[i] = snap->version;
	return &copy->domain[id % WEFT_PAGE];
}

static enum weft_tunnel
tunnel_of(const struct weft_network *network)
{
	return network->encap == WEFT_ENCAP_VXLAN    ? WEFT_TUNNEL_VXLAN
	       : network->encap == WEFT_ENCAP_GENEVE ? WEFT_TUNNEL_GENEVE
						     : WEFT_TUNNEL_NONE;
}

// Enters the number (VNI) that NAME's network has in tunnels, so that its frames lead to the domain ID. Removes the
// number that the domain had before.
static int
enter_vni(struct weft_build *build, const struct weft_domain *domain, uint16_t id, const struct domain_name *name)
{
	enum weft_tunnel tunnel = name->network ? tunnel_of(name->network) : WEFT_TUNNEL_NONE;
	int ret = 0;

	if (domain->tunnel)
		ret = build_macs_remove(build, 0, id, weft_tunnel_key(domain->tunnel, domain->vni, domain->vid));
	if (ret == 0 && tunnel)
		ret = build_macs_enter_number(build, weft_tunnel_key(tunnel, name->network->vni, name->vid), id);
	return ret;
}

uint16_t
build_domain(struct weft_build *build, const struct domain_name *name)
{
	const struct weft_network *network = name->network;
	uint16_t id = weft_domain_id(build->placement, network->o.path, name->vid);
	const struct weft_domain *now = weft_snapshot_domain(build->snap, id);
	uint32_t number = weft_rulebook_number(network->o.key);
	struct weft_domain *domain;
	char text[WEFT_PATH_SIZE + 8], *copy;

	if (id == 0 ||
		(now->name && now->learning == network->learning && now->snooping == network->snooping &&
			now->non_ip == network->non_ip && now->link_protocols == network->link_protocols &&
			now->liberal == network->tcp && now->pickup == network->pickup && now->mtu == network->mtu &&
			now->network == number && now->firewall == network->firewall &&
			now->tunnel == tunnel_of(network) && now->vni == network->vni))
		return id;
	domain = build_own_domain(build, id);
	if (domain == NULL)
		return 0;
	if (domain->name && domain->learning != network->learning)
		build->voided[id / 64] |= UINT64_C(1) << (id % 64);
	if (domain->name == NULL) {
		snprintf(text, sizeof(text), name->vid ? "%s.%u" : "%s", network->o.path, name->vid);
		copy = weft_refcount_new(strlen(text) + 1, false);
		if (copy == NULL)
			return 0;
		strcpy(copy, text);
		domain->name = copy;
		if (weft_id_list_add(&build->fresh, id))
			return 0;
	}
	if (enter_vni(build, domain, id, name))
		return 0;
	domain->vid = name->vid;
	domain->tunnel = tunnel_of(network);
	domain->vni = network->vni;
	domain->mtu = network->mtu;
	domain->learning = network->learning;
	domain->snooping = network->snooping;
	domain->liberal = network->tcp;
	domain->pickup = network->pickup;
	domain->non_ip = network->non_ip;
	domain->link_protocols = network->link_protocols;
	domain->network = number;
	domain->firewall = network->firewall;
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
	char network[WEFT_PATH_SIZE];

	snprintf(network, sizeof(network), "%.*s/%.63s", (int)RTE_MIN(strcspn(port->o.path, "/"), (size_t)63),
		port->o.path, port->network);
	for (const struct weft_domain_id *d = build->placement->domains; d; d = d->hh.next) {
		struct weft_domain *domain =
			strcmp(d->key.network, network) == 0 ? build_own_domain(build, d->id) : NULL;

		if (domain)
			domain->epoch = (uint32_t)build->snap->version;
	}
}

// Returns the domain's list of members for changing, with room for one more: it is copied if the build still shares it.
// NULL without memory.
static struct members *
own_members(struct weft_build *build, struct weft_domain *domain)
{
	struct members *members = build_members_of(domain), *copy;
	uint32_t room = RTE_MAX(domain->n_ports + domain->n_ports / 2, (uint32_t)MIN_ROOM);

	if (members && members->version == build->snap->version && domain->n_ports < members->room)
		return members;
	copy = weft_refcount_new(sizeof(*copy) + room * sizeof(copy->port[0]), true);
	if (copy == NULL)
		return NULL;
	copy->room = room;
	copy->version = build->snap->version;
	if (members)
		memcpy(copy->port, members->port, domain->n_ports * sizeof(copy->port[0]));
	weft_refcount_unref(members);
	domain->ports = copy->port;
	return copy;
}

int
build_join(struct weft_build *build, uint16_t id, uint16_t slot)
{
	struct weft_domain *domain = build_own_domain(build, id);
	struct members *members = domain ? own_members(build, domain) : NULL;

	if (members == NULL)
		return -ENOMEM;
	members->port[domain->n_ports++] = slot;
	return 0;
}

int
build_leave(struct weft_build *build, uint16_t id, uint16_t slot)
{
	struct weft_domain *domain = build_own_domain(build, id);
	struct members *members = domain ? own_members(build, domain) : NULL;
	uint32_t i = 0;

	if (members == NULL)
		return -ENOMEM;
	while (i < domain->n_ports && members->port[i] != slot)
		i++;
	if (i == domain->n_ports)
		return 0;
	members->port[i] = members->port[--domain->n_ports];
	return domain->n_ports ? 0 : weft_id_list_add(&build->emptied, id);
}

void
build_drop_emptied(struct weft_build *build)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < build->emptied.n; i++) {
		uint16_t id = build->emptied.items[i];
		struct weft_domain *domain = build_own_domain(build, id);

		if (domain->n_ports || domain->name == NULL)
			continue;
		enter_vni(build, domain, id, &(struct domain_name){ 0 });
		build->emptied.items[n++] = id;
		weft_refcount_unref(domain->name);
		weft_refcount_unref(build_members_of(domain));
		*domain = (struct weft_domain){ 0 };
	}
	build->emptied.n = n;
}
