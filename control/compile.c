// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The compiler: ports get their VLAN tables, addresses and limits; domains get their members; configured
// addresses go into one table.
#include "compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_malloc.h>
#include <rte_random.h>

#define MIN_BURST 32 // packets that a limiter always lets pass together

struct compiler {
	const struct weft_model *model;
	struct weft_placement *placement;
	struct weft_snapshot *snap;
	uint64_t hz;
	uint32_t *size; // [n_domains]: room in a domain's list of members
	struct weft_error *err;
};

static int
no_memory(struct compiler *c)
{
	return weft_fail(c->err, ENOMEM, "no memory for a snapshot of %u ports", c->model->n_ports);
}

// Makes room for domain ID.
static int
grow_domains(struct compiler *c, uint16_t id)
{
	uint32_t n = c->snap->n_domains, want = RTE_MAX(n * 2, id + 64u);
	struct weft_domain *domains;
	uint32_t *size;

	if (id < n)
		return 0;
	domains = realloc(c->snap->domains, want * sizeof(domains[0]));
	if (domains)
		c->snap->domains = domains;
	size = realloc(c->size, want * sizeof(size[0]));
	if (size)
		c->size = size;
	if (!domains || !size)
		return -ENOMEM;
	memset(domains + n, 0, (want - n) * sizeof(domains[0]));
	memset(size + n, 0, (want - n) * sizeof(size[0]));
	c->snap->n_domains = want;
	return 0;
}

// Makes the port in SLOT a member of the network's VLAN and returns the domain, or 0 without memory.
static uint16_t
join(struct compiler *c, const struct weft_network *network, uint16_t vid, uint16_t slot)
{
	uint16_t id = weft_placement_domain(c->placement, network->path, vid);
	char name[WEFT_PATH_SIZE + 8];
	struct weft_domain *domain;

	if (id == 0 || grow_domains(c, id))
		return 0;
	domain = &c->snap->domains[id];
	if (domain->name == NULL) {
		snprintf(name, sizeof(name), vid ? "%s.%u" : "%s", network->path, vid);
		domain->name = strdup(name);
		domain->vid = vid;
		domain->uplink_vid = vid == 0 ? network->vlan : 0;
		domain->learning = network->learning;
	}
	if (domain->n_ports == c->size[id]) {
		uint32_t size = RTE_MAX(c->size[id] * 2, 8u);
		uint16_t *ports = realloc((void *)(uintptr_t)domain->ports, size * sizeof(ports[0]));

		if (ports == NULL)
			return 0;
		c->size[id] = size;
		domain->ports = ports;
	}
	if (domain->n_ports == 0 || domain->ports[domain->n_ports - 1] != slot)
		((uint16_t *)(uintptr_t)domain->ports)[domain->n_ports++] = slot;
	return id;
}

static int
compile_trunk(struct compiler *c, const struct weft_port *port, const struct weft_network *network, uint16_t slot)
{
	struct weft_port_conf *conf = &c->snap->ports[slot];
	uint16_t *table = calloc(WEFT_N_VLANS, sizeof(*table));

	conf->vid_domain = table;
	conf->tagging = WEFT_TAG_TRUNK;
	conf->tpid = port->vlan.tpid ? RTE_ETHER_TYPE_QINQ : RTE_ETHER_TYPE_VLAN;
	if (table == NULL)
		return no_memory(c);
	if (port->vlan.native != WEFT_VLAN_UNSET && !(conf->native = join(c, network, port->vlan.native, slot)))
		return no_memory(c);
	for (unsigned int vid = 1; vid < WEFT_N_VLANS; vid++)
		if (weft_vlan_set_has(&port->vlan.trunk, vid) && !(table[vid] = join(c, network, vid, slot)))
			return no_memory(c);
	return 0;
}

static int
compile_uplink(struct compiler *c, uint16_t slot)
{
	struct weft_port_conf *conf = &c->snap->ports[slot];
	uint16_t *table = calloc(WEFT_N_VLANS, sizeof(*table));

	conf->vid_domain = table;
	conf->tagging = WEFT_TAG_UPLINK;
	conf->tpid = RTE_ETHER_TYPE_VLAN;
	if (table == NULL)
		return no_memory(c);
	for (unsigned int i = 0; i < c->model->n_networks; i++) {
		const struct weft_network *network = &c->model->networks[i];

		if (network->encap == WEFT_ENCAP_VLAN && !(table[network->vlan] = join(c, network, 0, slot)))
			return no_memory(c);
		conf->mtu = RTE_MAX(conf->mtu, network->mtu);
	}
	return 0;
}

static int
compile_vlans(struct compiler *c, const struct weft_port *port, uint16_t slot)
{
	const struct weft_network *network = weft_model_port_network(c->model, port);
	struct weft_port_conf *conf = &c->snap->ports[slot];
	uint16_t vid = 0;

	if (network == NULL)
		return compile_uplink(c, slot);
	conf->mtu = network->mtu;
	if (port->vlan.trunk.given)
		return compile_trunk(c, port, network, slot);
	conf->tagging = WEFT_TAG_ACCESS;
	if (port->vlan.qinq != WEFT_VLAN_UNSET) {
		conf->tagging = WEFT_TAG_TUNNEL;
		vid = port->vlan.qinq;
	} else if (port->vlan.access != WEFT_VLAN_UNSET) {
		vid = port->vlan.access;
	}
	conf->native = join(c, network, vid, slot);
	return conf->native ? 0 : no_memory(c);
}

static void *
copy(const void *from, size_t size)
{
	void *to = size ? malloc(size) : NULL;

	return to ? memcpy(to, from, size) : NULL;
}

static struct weft_rate
rate_of(uint32_t pps, uint64_t hz)
{
	struct weft_rate rate = { 0 };

	if (pps) {
		rate.cost = RTE_MAX(hz / pps, UINT64_C(1));
		rate.burst = rate.cost * RTE_MAX(pps / 10, (uint32_t)MIN_BURST);
	}
	return rate;
}

static int
compile_port(struct compiler *c, const struct weft_port *port)
{
	uint16_t slot = weft_placement_find(c->placement, port->path);
	const struct weft_place *place = &c->placement->place[slot];
	struct weft_port_conf *conf = &c->snap->ports[slot];

	conf->gen = place->gen;
	conf->owner = place->owner;
	conf->up = port->state == WEFT_PORT_UP;
	conf->mac = port->mac;
	conf->guard = (port->mac ? WEFT_GUARD_MAC : 0) | (port->ips.n4 + port->ips.n6 ? WEFT_GUARD_IP : 0);
	conf->n_ip4 = port->ips.n4;
	conf->n_ip6 = port->ips.n6;
	conf->ip4 = copy(port->ips.v4, port->ips.n4 * sizeof(port->ips.v4[0]));
	conf->ip6 = copy(port->ips.v6, port->ips.n6 * sizeof(port->ips.v6[0]));
	conf->max_macs = port->max_macs;
	conf->name = strdup(port->path);
	for (unsigned int i = 0; i < WEFT_N_FLOOD_CLASSES; i++)
		conf->flood[i] = rate_of(port->flood.rate[i], c->hz);
	if (!conf->name || (conf->n_ip4 && !conf->ip4) || (conf->n_ip6 && !conf->ip6))
		return no_memory(c);
	return compile_vlans(c, port, slot);
}

// Enters the port's own MAC in all of its domains.
static int
enter_mac(struct compiler *c, uint16_t slot, uint16_t domain)
{
	const struct weft_port_conf *conf = &c->snap->ports[slot];
	uint64_t key = weft_mac_key(domain, conf->mac);
	struct weft_mac_entry *entry = weft_mactab_free_way(&c->snap->static_macs, key);

	if (entry == NULL)
		return -ENOSPC;
	*entry = (struct weft_mac_entry){ .key = key, .port = slot, .gen = conf->gen };
	return 0;
}

static int
fill_macs(struct compiler *c)
{
	for (uint32_t id = 1; id < c->snap->n_domains; id++) {
		const struct weft_domain *domain = &c->snap->domains[id];

		for (uint32_t i = 0; i < domain->n_ports; i++)
			if (c->snap->ports[domain->ports[i]].mac && enter_mac(c, domain->ports[i], id))
				return -ENOSPC;
	}
	return 0;
}

static int
compile_macs(struct compiler *c)
{
	uint32_t n = 1;

	for (uint32_t id = 1; id < c->snap->n_domains; id++)
		for (uint32_t i = 0; i < c->snap->domains[id].n_ports; i++)
			n += c->snap->ports[c->snap->domains[id].ports[i]].mac != 0;
	// A full pair of buckets is a matter of the seed: another seed, and soon more room, mend it.
	for (unsigned int tries = 0; tries < 16; tries++) {
		if (weft_mactab_init(&c->snap->static_macs, n << tries / 4, rte_rand()))
			return no_memory(c);
		if (fill_macs(c) == 0)
			return 0;
		weft_mactab_fini(&c->snap->static_macs);
	}
	return weft_fail(c->err, ENOSPC, "no room for %u addresses", n);
}

// Numbers that no port uses any more become free. Entries under them are dead: their port has another
// generation since.
static void
release_domains(struct compiler *c)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe (c->placement->domains, next, key, value) {
		json_int_t id = json_integer_value(value);

		if (id < c->snap->n_domains && c->snap->domains[id].name)
			continue;
		c->placement->domain_used[id] = false;
		c->placement->next_domain = RTE_MIN(c->placement->next_domain, (uint16_t)(id - 1));
		json_object_del(c->placement->domains, key);
	}
}

static uint32_t
slots_in_use(const struct weft_placement *placement)
{
	uint32_t n = 1;

	for (uint32_t i = 1; i < WEFT_MAX_PORTS; i++)
		if (placement->place[i].path[0])
			n = i + 1;
	return n;
}

struct weft_snapshot *
weft_compile(const struct weft_model *model, struct weft_placement *placement, uint64_t version, uint64_t tsc_hz,
	struct weft_error *err)
{
	struct compiler c = { .model = model, .placement = placement, .hz = tsc_hz, .err = err };
	int ret = 0;

	c.snap = rte_zmalloc("snapshot", sizeof(*c.snap), RTE_CACHE_LINE_SIZE);
	if (c.snap) {
		c.snap->version = version;
		c.snap->n_ports = slots_in_use(placement);
		c.snap->ports = rte_zmalloc("ports", c.snap->n_ports * sizeof(c.snap->ports[0]), RTE_CACHE_LINE_SIZE);
	}
	if (!c.snap || !c.snap->ports || grow_domains(&c, 0))
		ret = no_memory(&c);
	for (unsigned int i = 0; ret == 0 && i < model->n_ports; i++)
		if (weft_placement_find(placement, model->ports[i].path))
			ret = compile_port(&c, &model->ports[i]);
	if (ret == 0)
		ret = compile_macs(&c);
	if (ret == 0)
		release_domains(&c);
	free(c.size);
	if (ret == 0)
		return c.snap;
	weft_snapshot_free(c.snap);
	return NULL;
}

void
weft_snapshot_free(struct weft_snapshot *snap)
{
	if (snap == NULL)
		return;
	for (uint32_t i = 0; snap->ports && i < snap->n_ports; i++) {
		free((void *)(uintptr_t)snap->ports[i].vid_domain);
		free((void *)(uintptr_t)snap->ports[i].ip4);
		free((void *)(uintptr_t)snap->ports[i].ip6);
		free((void *)(uintptr_t)snap->ports[i].name);
	}
	for (uint32_t i = 0; snap->domains && i < snap->n_domains; i++) {
		free((void *)(uintptr_t)snap->domains[i].ports);
		free((void *)(uintptr_t)snap->domains[i].name);
	}
	rte_free(snap->ports);
	free(snap->domains);
	weft_mactab_fini(&snap->static_macs);
	rte_free(snap);
}
