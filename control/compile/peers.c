// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Another host is a port without a device. Its slot is named "@" and the host's name. It is a member of the domains that
// have members on that host, and the addresses of these members lead to it. Any change compiles all hosts again.
#include "peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>

#include "control/base/address.h"

#include "build.h"
#include "domain_ids.h"
#include "domains.h"
#include "gateways.h"
#include "macs.h"
#include "refcount.h"

// The domains that have members on a host, each once.
struct site {
	uint16_t slot;
	uint16_t n;
	uint16_t domain[WEFT_N_VLANS];
	const struct weft_host *host;
	UT_hash_handle hh; // by the host's name
};

// Calls FN with each VLAN inside its network that PORT is a member of.
static int
each_vid(const struct weft_port *port, int (*fn)(void *arg, uint16_t vid), void *arg)
{
	int ret = 0;

	if (!port->vlan.trunk.given)
		return fn(arg, port->vlan.qinq != WEFT_VLAN_UNSET     ? port->vlan.qinq
			       : port->vlan.access != WEFT_VLAN_UNSET ? port->vlan.access
								      : 0);
	if (port->vlan.native != WEFT_VLAN_UNSET)
		ret = fn(arg, port->vlan.native);
	for (uint16_t vid = 1; ret == 0 && vid < WEFT_N_VLANS; vid++)
		if (weft_vlan_set_has(&port->vlan.trunk, vid))
			ret = fn(arg, vid);
	return ret;
}

// A port whose addresses are entered or removed: its MAC, if it is on another host, and its IP addresses, for which weft
// answers ARP.
struct passage {
	struct weft_build *build;
	const struct weft_port *port;
	const struct weft_network *network; // NULL while addresses are removed
	const char *path;		    // of the network
	struct site *site; // of the port's host; NULL while addresses are removed, or for a port of this host
	bool here;
	uint16_t slot;
};

// Notes that SITE has members in the domain ID.
static int
add_domain(struct site *site, uint16_t id)
{
	for (uint16_t i = 0; i < site->n; i++)
		if (site->domain[i] == id)
			return 0;
	if (site->n == WEFT_N_VLANS)
		return -ENOSPC;
	site->domain[site->n++] = id;
	return 0;
}

// The address I of IPS, IPv4 first. False: it is a prefix of more than one address.
static bool
address_at(const struct weft_ips *ips, unsigned int i, struct weft_ip *address)
{
	static const uint8_t all[16] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff };

	if (i < ips->n4) {
		*address = weft_ip4(ips->v4[i].addr);
		return ips->v4[i].mask == UINT32_MAX;
	}
	*address = weft_ip6(ips->v6[i - ips->n4].addr);
	return memcmp(ips->v6[i - ips->n4].mask, all, sizeof(all)) == 0;
}

static int
enter(void *arg, uint16_t vid)
{
	struct passage *way = arg;
	struct weft_ip address;
	const struct weft_ips *ips = &way->port->ips;
	const struct weft_port_conf conf = { .mac = way->port->mac,
		.gen = way->build->placement->place[way->slot].gen };
	uint16_t id = build_domain(way->build, &(struct domain_name){ .network = way->network, .vid = vid });
	int ret = id ? 0 : -ENOSPC;

	if (ret == 0 && way->site)
		ret = add_domain(way->site, id);
	if (ret == 0 && way->site && conf.mac)
		ret = build_macs_enter(way->build, id, way->slot, &conf);
	for (unsigned int i = 0; ret == 0 && conf.mac && i < ips->n4 + ips->n6; i++)
		if (address_at(ips, i, &address))
			ret = build_macs_enter_owner(way->build, id, &address, way->slot, conf.mac);
	return ret;
}

// Removes the entry of MAC, or of the key that stands for an IP address, from the domain ID if it leads to the port's
// slot. Returns 0 or -ENOMEM.
static int
take_out(const struct passage *way, uint16_t id, uint64_t mac)
{
	const struct weft_mactab *tab = &way->build->snap->static_macs;
	uint64_t key = weft_mac_key(id, mac);
	const struct weft_mac_entry *entry = weft_mactab_find(tab, key, weft_mactab_hash(tab, key));

	return entry && entry->port == way->slot ? build_macs_remove(way->build, id, way->slot, mac) : 0;
}

static int
leave(void *arg, uint16_t vid)
{
	struct passage *way = arg;
	const struct weft_ips *ips = &way->port->ips;
	uint16_t id = weft_domain_id_find(way->build->placement, way->path, vid);
	struct weft_ip address;
	int ret = 0;

	if (id == 0)
		return 0;
	if (!way->here)
		ret = take_out(way, id, way->port->mac);
	for (unsigned int i = 0; ret == 0 && i < ips->n4 + ips->n6; i++)
		if (address_at(ips, i, &address))
			ret = take_out(way, id, weft_owner_key(0, &address));
	return ret;
}

static uint16_t
slot_of_port(const struct weft_placement *placement, const struct weft_port *port)
{
	return weft_placement_has(placement, port) ? weft_placement_find(placement, port->o.path)
						   : weft_placement_find_host(placement, port->host);
}

// Removes the addresses of OBJECT, if it is a port. Returns 0 or -ENOMEM.
static int
forget(struct weft_build *build, const struct weft_object *object)
{
	const struct weft_port *port = (const struct weft_port *)object;
	char tenant[WEFT_NAME_SIZE], path[WEFT_PATH_SIZE];
	struct passage way = { .build = build, .port = port, .path = path };

	if (!weft_is_port(object) || !port->network[0] || !port->mac || weft_port_is_gateway(port))
		return 0;
	weft_object_tenant(&port->o, tenant);
	snprintf(path, sizeof(path), "%.63s/%.63s", tenant, port->network);
	way.slot = slot_of_port(build->placement, port);
	way.here = weft_placement_has(build->placement, port);
	return way.slot ? each_vid(port, leave, &way) : 0;
}

// The next hop to ADDRESS by ROUTES; NULL: by the prefix and the gateway of SELF, this host. None: there is no route.
static struct weft_ip
next_hop(const struct weft_placement *placement, const struct weft_host *self, weft_next_hop routes,
	const struct weft_ip *address)
{
	if (routes)
		return routes(placement, address);
	if (weft_ip_is_v4(address) != weft_ip_is_v4(&self->tunnel.address))
		return (struct weft_ip){ 0 };
	if (self->tunnel.length == 0 || weft_ip_in_prefix(address, &self->tunnel.address, self->tunnel.length))
		return *address;
	return self->tunnel.gateway;
}

// Puts another host into its slot. Returns 0 or -ENOMEM.
static int
put_host(struct weft_build *build, const struct weft_host *self, weft_next_hop routes, const struct site *site)
{
	const struct weft_host *host = site->host;
	struct weft_peer *peer = weft_refcount_new(sizeof(*peer), true);
	uint16_t *domains = weft_refcount_new(WEFT_N_VLANS * sizeof(*domains), true);
	char *name = weft_refcount_new(strlen(host->o.path) + 2, false);
	struct weft_port_conf conf = {
		.gen = build->placement->place[site->slot].gen,
		.owner = WEFT_OWNER_NONE,
		.tagging = WEFT_TAG_PEER,
		.tpid = RTE_ETHER_TYPE_VLAN,
		.mtu = UINT16_MAX, // each network has its own
		.up = true,
		.max_macs = UINT32_MAX,
		.name = name,
		.vid_domain = domains,
		.peer = peer,
	};
	int ret = -ENOMEM;

	if (peer && domains && name) {
		name[0] = '@';
		strcpy(name + 1, host->o.path);
		memcpy(domains, site->domain, site->n * sizeof(*domains));
		peer->address = host->tunnel.address;
		peer->hop = next_hop(build->placement, self, routes, &peer->address);
		peer->uplink = build->placement->uplink;
		peer->checksum = self->tunnel.checksum;
		peer->bfd = self->tunnel.bfd_interval_ms && host->tunnel.bfd_interval_ms;
		weft_peer_init(peer, &self->tunnel.address);
		ret = build_put_port(build, site->slot, &conf);
	}
	if (ret) {
		weft_refcount_unref(peer);
		weft_refcount_unref(domains);
		weft_refcount_unref(name);
	}
	return ret;
}

struct hop {
	uint32_t number;
	uint16_t slot;
};

static int
by_number(const void *a, const void *b)
{
	const struct hop *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

// Sets the tunnels that end at the port in the slot UPLINK. Returns 0 or -ENOMEM.
static int
put_end(struct weft_build *build, uint16_t uplink, const struct weft_underlay *underlay)
{
	struct weft_port_conf conf = *weft_snapshot_slot(build->snap, uplink);
	int ret;

	conf.underlay = underlay;
	build_ref_port(&conf);
	ret = build_put_port(build, uplink, &conf);
	if (ret)
		build_unref_port(&conf);
	return ret;
}

// The slot of OBJECT, if it is an uplink of this host whose device is open; else 0.
static uint16_t
uplink_slot(const struct weft_build *build, const struct weft_object *object)
{
	const struct weft_port *port = (const struct weft_port *)object;

	if (!weft_is_port(object) || port->network[0] || !weft_port_has_device(port) ||
		!weft_placement_has(build->placement, port))
		return WEFT_PORT_NONE;
	return weft_placement_find(build->placement, port->o.path);
}

// Sets the tunnels at all uplinks of this host: a standby uplink still accepts frames that are on their way to it.
static int
put_underlay(struct weft_build *build, const struct weft_model *model, const struct weft_host *self, struct hop *hops,
	uint32_t n)
{
	struct weft_underlay *underlay = weft_refcount_new(sizeof(*underlay) + n * sizeof(underlay->peer[0]), true);
	uint16_t slot;
	int ret = underlay ? 0 : -ENOMEM;

	if (ret)
		return ret;
	qsort(hops, n, sizeof(*hops), by_number);
	underlay->address = self->tunnel.address;
	underlay->zero_checksum = !self->tunnel.checksum;
	underlay->bfd.interval_us = self->tunnel.bfd_interval_ms * 1000;
	underlay->bfd.multiplier = self->tunnel.bfd_multiplier;
	underlay->n_peers = n;
	for (uint32_t i = 0; i < n; i++)
		underlay->peer[i] = hops[i].slot;
	for (const struct weft_object *object = model->objects; ret == 0 && object; object = object->hh.next) {
		slot = uplink_slot(build, object);
		if (slot && weft_snapshot_slot(build->snap, slot)->gen)
			ret = put_end(build, slot, underlay);
	}
	weft_refcount_unref(underlay);
	build->snap->underlay = build->placement->uplink;
	return ret;
}

// Enters the ports of networks with tunnels, and collects in SITES the domains of each host.
static int
enter_ports(struct weft_build *build, const struct weft_model *model, struct site *sites)
{
	int ret = 0;

	for (const struct weft_object *object = model->objects; ret == 0 && object; object = object->hh.next) {
		const struct weft_port *port = (const struct weft_port *)object;
		struct passage way = { .build = build, .port = port };

		if (!weft_is_port(object) || !port->network[0])
			continue;
		way.here = weft_placement_has(build->placement, port);
		way.network = weft_model_port_network(model, port);
		if (!way.here)
			HASH_FIND_STR(sites, port->host, way.site);
		way.slot = weft_port_is_gateway(port) && way.here ? build->placement->uplink
								  : slot_of_port(build->placement, port);
		if (way.slot && (way.here || way.site) && weft_network_is_tunnelled(way.network))
			ret = each_vid(port, enter, &way);
		else
			ret = forget(build, object);
	}
	return ret;
}

static int
compile_hosts(struct weft_build *build, const struct weft_model *model, weft_next_hop routes, struct site *sites)
{
	const struct weft_host *self = weft_model_host(model, build->placement->host);
	struct hop *hops = calloc(HASH_COUNT(sites) + 1, sizeof(*hops));
	uint32_t n = 0;
	int ret = hops ? enter_ports(build, model, sites) : -ENOMEM;

	for (const struct site *site = sites; ret == 0 && site; site = site->hh.next) {
		ret = put_host(build, self, routes, site);
		if (ret == 0)
			hops[n++] = (struct hop){ weft_snapshot_slot(build->snap, site->slot)->peer->hop_number,
				site->slot };
	}
	build->snap->underlay = WEFT_PORT_NONE;
	if (ret == 0 && weft_placement_can_tunnel(build->placement, model))
		ret = put_underlay(build, model, self, hops, n);
	free(hops);
	return ret ? ret : weft_build_gateways(build, model);
}

static void
free_sites(struct site *sites)
{
	struct site *site, *next;

	HASH_ITER (hh, sites, site, next) {
		HASH_DEL(sites, site);
		free(site);
	}
}

// Puts the hosts that tunnels lead to, with their slots, into SITES. Returns 0 or -ENOMEM.
static int
find_sites(const struct weft_placement *placement, const struct weft_model *model, struct site **sites)
{
	if (!weft_placement_can_tunnel(placement, model))
		return 0;
	for (const struct weft_object *object = model->objects; object; object = object->hh.next) {
		const struct weft_host *host = (const struct weft_host *)object;
		uint16_t slot = object->kind == &weft_kind_host ? weft_placement_find_host(placement, object->path) : 0;
		struct site *site;

		if (slot == 0 || weft_ip_is_none(&host->tunnel.address))
			continue;
		site = calloc(1, sizeof(*site));
		if (site == NULL)
			return -ENOMEM;
		site->slot = slot;
		site->host = host;
		HASH_ADD_KEYPTR(hh, *sites, host->o.path, strlen(host->o.path), site);
		if (site->hh.tbl == NULL) {
			free(site);
			return -ENOMEM;
		}
	}
	return 0;
}

int
weft_build_hosts(struct weft_build *build, const struct weft_model *model, const struct weft_changeset *set,
	weft_next_hop routes, struct weft_error *err)
{
	struct site *sites = NULL;
	int ret = find_sites(build->placement, model, &sites);

	for (unsigned int k = 0; ret == 0 && k < set->n; k++)
		ret = forget(build, set->change[k].old);
	if (ret == 0)
		ret = compile_hosts(build, model, routes, sites);
	free_sites(sites);
	if (ret == -ENOSPC)
		return weft_fail(err, ENOSPC,
			"cannot compile the other hosts: all %u broadcast domains are in use, or one host has more than %u",
			WEFT_MAX_DOMAINS, WEFT_N_VLANS);
	return ret ? weft_fail(err, -ret, "no memory to compile the other hosts") : 0;
}
