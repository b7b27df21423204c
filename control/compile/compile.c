// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Compiles a port's VLAN table, addresses, limits and rules.
#include "compile.h"

#include <stdio.h>
#include <string.h>

#include <rte_ether.h>

#include "domains.h"
#include "plans.h"
#include "refcount.h"

#define MIN_BURST 32 // packets that a limiter always lets pass together

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

static uint16_t *
new_table(struct weft_port_conf *conf)
{
	uint16_t *table = weft_refcount_new(WEFT_N_VLANS * sizeof(*table), true);

	conf->vid_domain = table;
	return table;
}

// The number of the domain of NETWORK's VLAN VID. 0: all numbers are in use, or no memory.
static uint16_t
domain_of(struct weft_build *build, const struct weft_network *network, uint16_t vid)
{
	return build_domain(build, &(struct domain_name){ .network = network, .vid = vid });
}

static int
compile_trunk(struct weft_build *build, const struct weft_port *port, const struct weft_network *network,
	struct weft_port_conf *conf)
{
	uint16_t *table = new_table(conf);

	conf->tagging = WEFT_TAG_TRUNK;
	conf->tpid = port->vlan.tpid ? RTE_ETHER_TYPE_QINQ : RTE_ETHER_TYPE_VLAN;
	if (table == NULL)
		return -ENOMEM;
	if (port->vlan.native != WEFT_VLAN_UNSET && !(conf->native = domain_of(build, network, port->vlan.native)))
		return -ENOSPC;
	for (unsigned int vid = 1; vid < WEFT_N_VLANS; vid++)
		if (weft_vlan_set_has(&port->vlan.trunk, vid) && !(table[vid] = domain_of(build, network, vid)))
			return -ENOSPC;
	return 0;
}

// Makes an uplink's TABLE carry NETWORK as VLAN VID.
static int
carry(struct weft_build *build, const struct weft_network *network, uint16_t vid, uint16_t *table)
{
	uint16_t id = domain_of(build, network, 0);
	struct weft_domain *domain;

	if (id == 0)
		return -ENOSPC;
	table[vid] = id;
	if (weft_snapshot_domain(build->snap, id)->uplink_vid == vid)
		return 0;
	domain = build_own_domain(build, id);
	if (domain == NULL)
		return -ENOMEM;
	domain->uplink_vid = vid;
	return 0;
}

// Finds the VLAN that OBJECT, if it is a network or a gateway, uses on this host's uplinks, and its *NETWORK. 0: none.
static uint16_t
vlan_of(const struct weft_build *build, const struct weft_model *model, const struct weft_object *object,
	const struct weft_network **network)
{
	const struct weft_port *port = (const struct weft_port *)object;
	const char *here = build->placement->host;

	if (object->kind == &weft_kind_network) {
		*network = (const struct weft_network *)object;
		return (*network)->vlan;
	}
	if (object->kind != &weft_kind_port || port->attach.type != WEFT_ATTACH_GATEWAY ||
		port->state != WEFT_PORT_UP || (port->host[0] && (here == NULL || strcmp(port->host, here))))
		return 0;
	*network = weft_model_port_network(model, port);
	return port->attach.vlan;
}

// A standby uplink is a member of no domain: two uplinks in use would close a loop.
static int
compile_uplink(struct weft_build *build, const struct weft_model *model, bool standby, struct weft_port_conf *conf)
{
	uint16_t *table = new_table(conf);
	const struct weft_network *network = NULL;
	int ret = table ? 0 : -ENOMEM;

	conf->tagging = WEFT_TAG_UPLINK;
	conf->tpid = RTE_ETHER_TYPE_VLAN;
	for (const struct weft_object *object = model->objects; object; object = object->hh.next) {
		uint16_t vid = vlan_of(build, model, object, &network);

		if (object->kind == &weft_kind_network)
			conf->mtu = RTE_MAX(conf->mtu, weft_network_wire_mtu(network));
		if (ret == 0 && vid && !standby)
			ret = carry(build, network, vid, table);
	}
	if (standby && conf->up) {
		conf->up = false;
		conf->closed = WEFT_CLOSED_STANDBY;
	}
	return ret;
}

static int
compile_vlans(struct weft_build *build, const struct weft_model *model, const struct weft_port *port,
	struct weft_port_conf *conf)
{
	const struct weft_network *network = weft_model_port_network(model, port);
	const struct weft_placement *placement = build->placement;
	uint16_t vid = 0;

	if (network == NULL)
		return compile_uplink(build, model,
			placement->uplink && placement->uplink != weft_placement_find(placement, port->o.path), conf);
	conf->mtu = network->mtu;
	if (port->vlan.trunk.given)
		return compile_trunk(build, port, network, conf);
	conf->tagging = WEFT_TAG_ACCESS;
	if (port->vlan.qinq != WEFT_VLAN_UNSET) {
		conf->tagging = WEFT_TAG_QINQ;
		vid = port->vlan.qinq;
	} else if (port->vlan.access != WEFT_VLAN_UNSET) {
		vid = port->vlan.access;
	}
	conf->native = domain_of(build, network, vid);
	return conf->native ? 0 : -ENOSPC;
}

// Puts the port's name and its addresses into one piece of memory, the name first.
static int
compile_names(const struct weft_port *port, struct weft_port_conf *conf)
{
	size_t n4 = port->ips.n4 * sizeof(port->ips.v4[0]), n6 = port->ips.n6 * sizeof(port->ips.v6[0]);
	size_t name = RTE_ALIGN_CEIL(strlen(port->o.path) + 1, 16);
	char *memory = weft_refcount_new(name + n4 + n6, false);

	if (memory == NULL)
		return -ENOMEM;
	memcpy(memory, port->o.path, strlen(port->o.path));
	memcpy(memory + name, port->ips.v4, n4);
	memcpy(memory + name + n4, port->ips.v6, n6);
	conf->name = memory;
	conf->n_ip4 = port->ips.n4;
	conf->n_ip6 = port->ips.n6;
	conf->ip4 = (void *)(memory + name);
	conf->ip6 = (void *)(memory + name + n4);
	return 0;
}

// Sets what the port does when this host loses the cluster. Without a firewall there are no connections, so "deny-new"
// denies all packets. An uplink is not fenced: the ports that it serves are.
static void
compile_fence(const struct weft_model *model, const struct weft_port *port, struct weft_port_conf *conf)
{
	const struct weft_network *network = weft_model_port_network(model, port);
	enum weft_isolation isolation = weft_model_isolation(model, port);

	conf->fence_new = isolation == WEFT_ISOLATION_DENY_NEW;
	conf->fence_all = isolation == WEFT_ISOLATION_DENY_ALL || (conf->fence_new && network && !network->firewall);
}

static enum weft_closed
why_closed(const struct weft_port *port)
{
	if (port->state == WEFT_PORT_UP)
		return WEFT_CLOSED_FENCED;
	return port->state == WEFT_PORT_QUARANTINED ? WEFT_CLOSED_QUARANTINED : WEFT_CLOSED_DOWN;
}

// Whether addresses that were learned on the port are invalid, because its domains or its own MAC have changed.
static bool
is_moved(const struct weft_port_conf *old, const struct weft_port_conf *new)
{
	size_t size = WEFT_N_VLANS * sizeof(new->vid_domain[0]);

	if (old->native != new->native || old->tagging != new->tagging || old->tpid != new->tpid ||
		old->mac != new->mac || !old->vid_domain != !new->vid_domain)
		return true;
	return new->vid_domain &&memcmp(old->vid_domain, new->vid_domain, size);
}

// Whether learning was turned on or off in a domain of the port.
static bool
is_voided(const struct weft_build *build, const struct weft_port_conf *conf)
{
	bool voided = build_set_has(build->voided, conf->native);

	for (unsigned int vid = 0; conf->vid_domain && !voided && vid < WEFT_N_VLANS; vid++)
		voided = build_set_has(build->voided, conf->vid_domain[vid]);
	return voided;
}

// Sets the roles that the port lacks, and that it leaves others' addresses alone. An uplink, a gateway and another host are where
// others answer for what comes; and a port that names nothing, in a network without a firewall, may say what all roles say.
static void
compile_roles(const struct weft_model *model, const struct weft_port *port, struct weft_port_conf *conf)
{
	const struct weft_network *network = weft_model_port_network(model, port);

	if (network == NULL || weft_port_is_gateway(port))
		return;
	if (conf->guard || network->firewall)
		conf->lacks = WEFT_ROLES & (uint8_t)~port->may;
	if (conf->lacks)
		conf->guard |= WEFT_GUARD_ROLES;
	if (!(conf->guard & WEFT_GUARD_IP))
		conf->guard |= WEFT_GUARD_OWNERS;
}

// Sets the port's limits of connections.
static void
compile_limits(const struct weft_model *model, const struct weft_port *port, uint64_t hz, struct weft_port_conf *conf)
{
	const struct weft_limits *limits = weft_model_limits(model, port);

	if (limits == NULL)
		return;
	conf->max_sessions = RTE_MIN(limits->sessions, (uint64_t)UINT32_MAX);
	conf->max_half = RTE_MIN(limits->half_open, (uint64_t)UINT32_MAX);
	conf->max_frags = limits->fragmented;
	conf->new_sessions = rate_of(RTE_MIN(limits->new_sessions_per_second, (uint64_t)UINT32_MAX), hz);
}

// Sets the rules that apply to the port, and the version of the snapshot since which they judge its connections.
static int
compile_policy(struct weft_build *build, const struct weft_model *model, const struct weft_port *port,
	const struct weft_port_conf *old, struct weft_port_conf *conf, struct weft_error *err)
{
	const struct weft_network *network = weft_model_port_network(model, port);

	if (network && network->firewall) {
		conf->policy = weft_policy_cache_get(model, &build->tiers, port, err);
		if (conf->policy == NULL)
			return -errno;
	}
	conf->epoch =
		old->gen == conf->gen && old->policy == conf->policy ? old->epoch : (uint32_t)build->snap->version;
	return 0;
}

static uint8_t
guard_of(const struct weft_port *port)
{
	uint8_t guard = port->mac ? WEFT_GUARD_MAC : 0;

	if (port->ips.n4 + port->ips.n6)
		guard |= WEFT_GUARD_IP;
	return guard | (port->may & WEFT_ROLE_ROUTER ? WEFT_GUARD_FORWARDS : 0);
}

int
weft_build_port(
	struct weft_build *build, const struct weft_model *model, const struct weft_port *port, struct weft_error *err)
{
	struct weft_placement *placement = build->placement;
	uint16_t slot = weft_placement_find(placement, port->o.path);
	struct weft_place *place = &placement->place[slot];
	const struct weft_port_conf *old = weft_snapshot_slot(build->snap, slot);
	struct weft_port_conf conf = {
		.owner = place->owner,
		.up = port->state == WEFT_PORT_UP,
		.closed = why_closed(port),
		.mac = port->mac,
		.guard = guard_of(port),
		.max_macs = port->max_macs,
	};
	int ret = compile_names(port, &conf);
	bool told = false;

	for (unsigned int i = 0; i < WEFT_N_FLOOD_CLASSES; i++)
		conf.flood[i] = rate_of(port->flood.rate[i], build->hz);
	compile_limits(model, port, build->hz, &conf);
	compile_fence(model, port, &conf);
	compile_roles(model, port, &conf);
	if (ret == 0)
		ret = compile_vlans(build, model, port, &conf);
	if (ret == 0) {
		if (old->gen == place->gen && (is_moved(old, &conf) || is_voided(build, &conf)))
			weft_placement_renew(placement, slot);
		conf.gen = place->gen;
		ret = compile_policy(build, model, port, old, &conf, err);
		if (ret == 0)
			ret = weft_build_plan(build, model, port, &conf, err);
		told = ret != 0;
	}
	// peers.c sets this host's end of the tunnels.
	if (old->gen == conf.gen)
		conf.underlay = old->underlay;
	weft_refcount_ref(conf.underlay);
	if (ret == 0)
		ret = build_put_port(build, slot, &conf);
	if (ret == 0)
		return 0;
	build_unref_port(&conf);
	if (told)
		return ret;
	return ret == -ENOSPC ? weft_fail(err, ENOSPC, "port %s: all %u broadcast domains are in use", port->o.path,
					WEFT_MAX_DOMAINS)
			      : weft_fail(err, -ret, "port %s: no memory to compile it", port->o.path);
}

int
weft_build_remove(struct weft_build *build, uint16_t slot, struct weft_error *err)
{
	const struct weft_port_conf none = { 0 };

	if (weft_snapshot_slot(build->snap, slot)->gen == 0)
		return 0;
	return build_put_port(build, slot, &none) ? weft_fail(err, ENOMEM, "no memory to compile the policy") : 0;
}
