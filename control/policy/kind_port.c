// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A port: its fields, and the checks that the table of fields cannot express.
#include "kind_port.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "control/base/rate.h"
#include "names.h"

static const char *const attach_types[] = { "vhost-user", "eth", "gateway", "vf", NULL };
static const char *const uses[] = { "polled", "passthrough", NULL };
static const char *const enforcements[] = { "strict", "lenient", NULL };
static const char *const modes[] = { "client", "server", NULL };
static const char *const tpids[] = { "802.1q", "802.1ad", NULL };
static const char *const states[] = { "up", "down", "quarantined", NULL };

#define TRUNK_SCHEMA                                                                                                   \
	"{\"type\":\"array\",\"items\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":4094},"             \
	"{\"type\":\"string\",\"pattern\":\"^[0-9]+(-[0-9]+)?$\"}]}}"

// One item of a trunk: 10, "10" or "10-20".
static int
parse_range(const json_t *item, unsigned int *low, unsigned int *high)
{
	const char *text = json_string_value(item);
	int used = 0;

	if (json_is_integer(item)) {
		json_int_t v = json_integer_value(item);

		if (v < 1 || v > WEFT_MAX_VID)
			return -1;
		*low = *high = (unsigned int)v;
		return 0;
	}
	if (text == NULL || !isdigit((unsigned char)text[0]) || strlen(text) > 9)
		return -1;
	if (sscanf(text, "%u-%u%n", low, high, &used) != 2 || text[used]) {
		used = 0;
		if (sscanf(text, "%u%n", low, &used) != 1 || text[used])
			return -1;
		*high = *low;
	}
	return *low >= 1 && *low <= *high && *high <= WEFT_MAX_VID ? 0 : -1;
}

static int
parse_trunk(const json_t *value, void *to, char expected[160])
{
	struct weft_vlan_set *set = to;
	size_t i;
	json_t *item;

	snprintf(expected, 160, "a list of VLANs from 1 to %d, such as [10, \"20-29\"]", WEFT_MAX_VID);
	if (!json_is_array(value))
		return -1;
	json_array_foreach ((json_t *)(uintptr_t)value, i, item) {
		unsigned int low, high;

		if (parse_range(item, &low, &high))
			return -1;
		for (unsigned int vid = low; vid <= high; vid++)
			set->bits[vid / 64] |= UINT64_C(1) << (vid % 64);
	}
	set->given = true;
	return 0;
}

// In the order of enum weft_role.
static int
parse_roles(const json_t *value, void *to, char expected[160])
{
	static const char *const names[] = { "router", "querier", "dhcp-server", NULL };

	snprintf(expected, 160, "a list of router, querier and dhcp-server");
	return weft_parse_set(value, names, to);
}

#define ROLES_SCHEMA "{\"type\":\"array\",\"items\":{\"enum\":[\"router\",\"querier\",\"dhcp-server\"]}}"

static const struct weft_field vlan_fields[] = {
	{ "access", WEFT_FIELD_UINT, WEFT_AT(weft_port, vlan.access), .min = 1, .max = WEFT_MAX_VID,
		.help = "the VLAN of the port's untagged frames; tagged frames are dropped" },
	{ "trunk", WEFT_FIELD_CUSTOM, WEFT_AT(weft_port, vlan.trunk), .parse = parse_trunk, .schema = TRUNK_SCHEMA,
		.help = "the VLANs that the port carries tagged; an empty list carries none" },
	{ "native", WEFT_FIELD_UINT, WEFT_AT(weft_port, vlan.native), .min = 1, .max = WEFT_MAX_VID,
		.help = "with trunk: the VLAN of untagged frames; without it they are dropped" },
	{ "qinq", WEFT_FIELD_UINT, WEFT_AT(weft_port, vlan.qinq), .min = 1, .max = WEFT_MAX_VID,
		.help = "the service VLAN around all frames that the port sends, tagged or not" },
	{ "tpid", WEFT_FIELD_ENUM, WEFT_AT(weft_port, vlan.tpid), .names = tpids,
		.help = "with trunk: the kind of tag on this port" },
	{ 0 },
};

static const struct weft_field attach_fields[] = {
	{ "type", WEFT_FIELD_ENUM, WEFT_AT(weft_port, attach.type), .providers = true, .names = attach_types,
		.preset = "\"vhost-user\"", .help = "what the port is attached to" },
	{ "mode", WEFT_FIELD_ENUM, WEFT_AT(weft_port, attach.mode), .names = modes,
		.help = "vhost-user: client (QEMU listens) or server (weft listens)" },
	{ "path", WEFT_FIELD_STRING, WEFT_AT(weft_port, attach.path), .providers = true,
		.help = "vhost-user: the socket" },
	{ "queues", WEFT_FIELD_UINT, WEFT_AT(weft_port, attach.queues), .min = 1, .max = WEFT_MAX_QUEUE_PAIRS,
		.help = "vhost-user: queue pairs that the guest may use" },
	{ "device", WEFT_FIELD_STRING, WEFT_AT(weft_port, attach.device), .providers = true,
		.help = "eth: a DPDK device" },
	{ "share", WEFT_FIELD_BOOL, WEFT_AT(weft_port, attach.share), .providers = true,
		.help = "eth, net_af_xdp: share the interface with the kernel; weft takes the frames of tunnels and of "
			"networks' VLANs only" },
	{ "vlan", WEFT_FIELD_UINT, WEFT_AT(weft_port, attach.vlan), .providers = true, .min = 1, .max = WEFT_MAX_VID,
		.help = "gateway: the VLAN on the host's uplink that becomes part of the network" },
	{ "pf", WEFT_FIELD_STRING, WEFT_AT(weft_port, attach.pf), .providers = true,
		.help = "vf: the interface or PCI address of its PF" },
	{ "index", WEFT_FIELD_UINT, WEFT_AT(weft_port, attach.index), .providers = true, .max = 1023,
		.help = "vf: the number of the VF at its PF; the first is 0" },
	{ "use", WEFT_FIELD_ENUM, WEFT_AT(weft_port, attach.use), .providers = true, .names = uses,
		.help = "vf: polled: weft processes its packets; passthrough: a VM drives the VF, and the PF enforces "
			"what it can" },
	{ "enforce", WEFT_FIELD_ENUM, WEFT_AT(weft_port, attach.enforce), .providers = true, .names = enforcements,
		.help = "vf, passed through: strict refuses a policy that the PF cannot enforce completely; lenient "
			"accepts it and shows what is not enforced" },
	{ 0 },
};

static const struct weft_field flood_fields[] = {
	{ "broadcast", WEFT_FIELD_UINT, WEFT_AT(weft_port, flood.rate[WEFT_FLOOD_BROADCAST]), .providers = true,
		.max = 100000000, .preset = "1000", .help = "packets per second, 0: no limit" },
	{ "multicast", WEFT_FIELD_UINT, WEFT_AT(weft_port, flood.rate[WEFT_FLOOD_MULTICAST]), .providers = true,
		.max = 100000000, .preset = "10000", .help = "packets per second, 0: no limit" },
	{ "unknown", WEFT_FIELD_UINT, WEFT_AT(weft_port, flood.rate[WEFT_FLOOD_UNKNOWN]), .providers = true,
		.max = 100000000, .preset = "1000", .help = "packets per second, 0: no limit" },
	{ "arp", WEFT_FIELD_UINT, WEFT_AT(weft_port, flood.rate[WEFT_FLOOD_ARP]), .providers = true, .max = 100000000,
		.preset = "1000",
		.help = "flooded ARP and IPv6 neighbour solicitations; packets per second, 0: no limit" },
	{ 0 },
};

static const struct weft_field port_fields[] = {
	{ "vm", WEFT_FIELD_STRING, WEFT_AT(weft_port, vm), .help = "the name of the virtual machine, for people",
		.vf = { WEFT_BY_NOTHING, "for people" } },
	{ "host", WEFT_FIELD_STRING, WEFT_AT(weft_port, host),
		.help = "the host that the port is on; the default is the only host, and in a cluster no host",
		.vf = { WEFT_BY_NOTHING, "says which host the port is on" } },
	{ "network", WEFT_FIELD_STRING, WEFT_AT(weft_port, network), .help = "a network of the same tenant",
		.vf = { WEFT_BY_HARDWARE, "see the network's encap" } },
	{ "mac", WEFT_FIELD_CUSTOM, WEFT_AT(weft_port, mac), .parse = weft_parse_mac, .schema = WEFT_MAC_SCHEMA,
		.help = "the only MAC that the port may use", .vf = { WEFT_BY_JUDGE, NULL } },
	{ "ips", WEFT_FIELD_CUSTOM, WEFT_AT(weft_port, ips), .parse = weft_parse_ips, .schema = WEFT_IPS_SCHEMA,
		.help = "the only IP addresses that the port may use",
		.vf = { WEFT_BY_NOBODY, "the hardware's spoof check does not look at IP addresses" } },
	{ "groups", WEFT_FIELD_LIST, .offset = offsetof(struct weft_port, groups), .item_size = WEFT_NAME_SIZE,
		.max = WEFT_MAX_GROUPS, .help = "groups of the same tenant, whose rules apply to the port",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "may", WEFT_FIELD_CUSTOM, WEFT_AT(weft_port, may), .parse = parse_roles, .schema = ROLES_SCHEMA,
		.help = "what only some ports of a network do: router (advertise routes, redirect, send others' addresses), querier "
			"(ask for multicast groups), dhcp-server (give addresses)",
		.vf = { WEFT_BY_NOBODY, "the hardware does not look at what the VM says" } },
	{ "plan", WEFT_FIELD_STRING, WEFT_AT(weft_port, plan), .help = "a data plan of the same tenant",
		.vf = { WEFT_BY_NOTHING, "see the plan's fields" } },
	{ "rate", WEFT_FIELD_CUSTOM, WEFT_AT(weft_port, rate), .providers = true, .parse = weft_parse_rate,
		.schema = WEFT_RATE_SCHEMA,
		.help = "for an uplink: the rate of its link in bits per second, which the ports share by their plans",
		.vf = { WEFT_BY_NOTHING, "applies to uplinks only" } },
	{ "vlan", WEFT_FIELD_OBJECT, .offset = 0, .fields = vlan_fields, .help = "the port's VLANs inside its network",
		.vf = { WEFT_BY_NOBODY, "the hardware sets one tag, the network's" } },
	{ "attach", WEFT_FIELD_OBJECT, .offset = 0, .fields = attach_fields, .preset = "{}",
		.help = "what the port is attached to", .vf = { WEFT_BY_NOTHING, "says which VF the port is" } },
	{ "flood", WEFT_FIELD_OBJECT, .offset = 0, .fields = flood_fields, .preset = "{}",
		.help = "limits of the frames from the port that are flooded", .vf = { WEFT_BY_JUDGE, NULL } },
	{ "max_macs", WEFT_FIELD_UINT, WEFT_AT(weft_port, max_macs), .providers = true, .max = 1u << 24,
		.preset = "1024", .help = "the most MACs that are learned behind the port",
		.vf = { WEFT_BY_HARDWARE, "one MAC, by the spoof check" } },
	{ "state", WEFT_FIELD_ENUM, WEFT_AT(weft_port, state), .names = states, .preset = "\"up\"",
		.help = "up; or down or quarantined, in which no packet passes", .vf = { WEFT_BY_JUDGE, NULL } },
	{ "worker", WEFT_FIELD_UINT, WEFT_AT(weft_port, worker), .providers = true, .max = WEFT_MAX_WORKERS - 1,
		.help = "the worker that serves the port; by default weft chooses one",
		.vf = { WEFT_BY_NOTHING, "no worker polls the VF" } },
	{ 0 },
};

static int
check_vlan(const char *where, const struct weft_port *port, struct weft_error *err)
{
	bool access = port->vlan.access != WEFT_VLAN_UNSET, qinq = port->vlan.qinq != WEFT_VLAN_UNSET;
	bool trunk = port->vlan.trunk.given;

	if (access + qinq + trunk > 1)
		return weft_fail(err, EINVAL, "%s.vlan: expected only one of access, trunk and qinq", where);
	if (!trunk && port->vlan.native != WEFT_VLAN_UNSET)
		return weft_fail(err, EINVAL, "%s.vlan.native: applies to trunks only; use access", where);
	if (!trunk && port->vlan.tpid)
		return weft_fail(err, EINVAL, "%s.vlan.tpid: applies to trunks only", where);
	if (port->network[0] == 0 && port->plan[0])
		return weft_fail(err, EINVAL, "%s.plan: an uplink has no plan; to limit it, set its rate", where);
	if (port->network[0] == 0 && port->may)
		return weft_fail(err, EINVAL, "%s.may: an uplink needs no role; name a network", where);
	if (port->network[0] && port->rate)
		return weft_fail(
			err, EINVAL, "%s.rate: applies to uplinks only; to limit a VM, give its port a plan", where);
	if (port->network[0] == 0 && (access || qinq || trunk))
		return weft_fail(err, EINVAL,
			"%s.vlan: an uplink carries the VLANs of all networks and has none of its own; name a network",
			where);
	return 0;
}

static int
check_vf(const char *where, const struct weft_port *port, struct weft_error *err)
{
	if (port->attach.pf[0] == 0)
		return weft_fail(err, EINVAL, "%s.attach.pf: missing; give an interface or a PCI address", where);
	if (strspn(port->attach.pf, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-") !=
		strlen(port->attach.pf))
		return weft_fail(err, EINVAL, "%s.attach.pf: expected an interface or a PCI address, got \"%s\"", where,
			port->attach.pf);
	if (port->attach.index == WEFT_VF_UNSET)
		return weft_fail(err, EINVAL, "%s.attach.index: missing; the first VF is 0", where);
	if (port->attach.device[0] || port->attach.path[0] || port->attach.share)
		return weft_fail(
			err, EINVAL, "%s.attach: a VF has no device, path or share; pf and index name it", where);
	if (port->attach.use == WEFT_VF_POLLED)
		return port->attach.enforce
			       ? weft_fail(err, EINVAL, "%s.attach.enforce: applies to use passthrough only", where)
			       : 0;
	if (port->network[0] == 0)
		return weft_fail(err, EINVAL, "%s.network: missing; it is a network of the same tenant", where);
	if (port->mac == 0)
		return weft_fail(err, EINVAL, "%s.mac: missing; a VF that is passed through needs one", where);
	return 0;
}

// The machines behind a gateway are not ports, so it has none of a port's fields.
static int
check_gateway(const char *where, const struct weft_port *port, struct weft_error *err)
{
	if (port->attach.vlan == 0)
		return weft_fail(err, EINVAL, "%s.attach.vlan: missing; give a VLAN on the host's uplink", where);
	if (port->network[0] == 0)
		return weft_fail(err, EINVAL, "%s.network: missing; it is a network of the same tenant", where);
	if (port->attach.device[0] || port->attach.path[0])
		return weft_fail(err, EINVAL, "%s.attach: a gateway has neither a device nor a path of its own", where);
	if (port->mac || port->ips.n4 || port->ips.n6 || port->may || port->groups.n || port->plan[0] ||
		port->vlan.access != WEFT_VLAN_UNSET || port->vlan.qinq != WEFT_VLAN_UNSET || port->vlan.trunk.given)
		return weft_fail(err, EINVAL,
			"%s: a gateway has no mac, ips, may, groups, plan or vlan; it stands for all machines of its VLAN",
			where);
	return 0;
}

static int
check_attach(const char *where, const struct weft_port *port, struct weft_error *err)
{
	struct weft_attach *attach = NULL;

	if (port->attach.type == WEFT_ATTACH_GATEWAY)
		return check_gateway(where, port, err);
	if (port->attach.vlan)
		return weft_fail(err, EINVAL, "%s.attach.vlan: applies to type gateway only", where);
	if (port->attach.type == WEFT_ATTACH_VF)
		return check_vf(where, port, err);
	if (port->attach.pf[0] || port->attach.index != WEFT_VF_UNSET || port->attach.use || port->attach.enforce)
		return weft_fail(err, EINVAL, "%s.attach: pf, index, use and enforce apply to type vf only", where);
	if (port->attach.type == WEFT_ATTACH_ETH) {
		if (port->attach.device[0] == 0)
			return weft_fail(err, EINVAL,
				"%s.attach.device: missing; give a PCI address, or a DPDK device such as "
				"\"net_tap0,iface=tap0\"",
				where);
		if (port->attach.path[0])
			return weft_fail(err, EINVAL, "%s.attach.path: applies to type vhost-user only", where);
		if (port->attach.share && port->network[0])
			return weft_fail(err, EINVAL,
				"%s.attach.share: applies to uplinks only, and this port has a network", where);
		if (port->attach.share && (strncmp(port->attach.device, "net_af_xdp", 10) ||
						  strstr(port->attach.device, ",iface=") == NULL))
			return weft_fail(err, EINVAL,
				"%s.attach.share: the device must be an AF_XDP one, such as net_af_xdp0,iface=eth0",
				where);
		return 0;
	}
	if (port->attach.device[0] || port->attach.share)
		return weft_fail(err, EINVAL, "%s.attach.%s: applies to type eth only", where,
			port->attach.device[0] ? "device" : "share");
	if (port->network[0] == 0)
		return weft_fail(err, EINVAL, "%s.network: missing; it is a network of the same tenant", where);
	if (strlen(port->attach.path) >= sizeof(attach->path))
		return weft_fail(err, EINVAL,
			"%s.attach.path: has %zu bytes, and a UNIX socket's path has at most %zu; choose a shorter one",
			where, strlen(port->attach.path), sizeof(attach->path) - 1);
	if (port->attach.path[0] && port->attach.path[0] != '/')
		return weft_fail(err, EINVAL, "%s.attach.path: must start with /", where);
	return 0;
}

static void
init(struct weft_object *object)
{
	struct weft_port *port = (struct weft_port *)object;

	port->vlan.access = port->vlan.native = port->vlan.qinq = WEFT_VLAN_UNSET;
	port->worker = WEFT_OWNER_NONE;
	port->attach.index = WEFT_VF_UNSET;
}

// Older releases stored attach.rings, which chose between weft's ring code ("own") and DPDK's ("library"). weft has only its
// own, so the field is dropped; a new port may not ask for the other (weft_port_check_new()).
static void
drop_rings(const char *key, json_t *json)
{
	json_t *attach = json_object_get(json, "attach");
	const char *rings = json_string_value(json_object_get(attach, "rings"));
	bool library = rings && strcmp(rings, "library") == 0;

	if (library)
		WEFT_LOG(WARNING,
			"event=retired-field object=%s field=attach.rings error=\"DPDK's ring code is gone: the port uses "
			"weft's own\"",
			key);
	if (library || (rings && strcmp(rings, "own") == 0))
		json_object_del(attach, "rings");
}

int
weft_port_check_new(const char *key, const json_t *json, struct weft_error *err)
{
	const char *rings = json_string_value(json_object_get(json_object_get(json, "attach"), "rings"));

	if (rings && strcmp(rings, "library") == 0)
		return weft_fail(err, EINVAL,
			"%s: attach.rings: DPDK's ring code (library) is gone, and weft's own is always used: leave the field "
			"out",
			key);
	return 0;
}

// Sets the defaults of a VF that is passed through: no limits of flooding, which no NIC enforces, and one MAC, which
// the spoof check enforces. With the defaults of other ports every VF would be refused.
static void
derive(const char *key, json_t *json)
{
	static const char *const classes[] = { "broadcast", "multicast", "unknown", "arp" };
	const json_t *attach = json_object_get(json, "attach");
	const char *use = json_string_value(json_object_get(attach, "use"));
	json_t *flood;

	drop_rings(key, json);
	if (use == NULL || strcmp(use, "passthrough"))
		return;
	if (!json_object_get(json, "flood"))
		json_object_set_new(json, "flood", json_object());
	flood = json_object_get(json, "flood");
	for (size_t i = 0; json_is_object(flood) && i < sizeof(classes) / sizeof(classes[0]); i++)
		if (!json_object_get(flood, classes[i]))
			json_object_set_new(flood, classes[i], json_integer(0));
	if (!json_object_get(json, "max_macs"))
		json_object_set_new(json, "max_macs", json_integer(1));
}

static int
check(const char *where, const struct weft_object *object, struct weft_error *err)
{
	const struct weft_port *port = (const struct weft_port *)object;
	int ret = check_attach(where, port, err);

	if (ret == 0)
		ret = check_vlan(where, port, err);
	if (ret == 0 && port->host[0] && !weft_name_valid(port->host))
		ret = weft_fail(err, EINVAL, "%s.host: \"%s\" is not a name", where, port->host);
	for (uint32_t i = 0; ret == 0 && i < port->groups.n; i++)
		for (uint32_t k = 0; ret == 0 && k < i; k++)
			if (strcmp(weft_name_at(&port->groups, i), weft_name_at(&port->groups, k)) == 0)
				ret = weft_fail(err, EINVAL, "%s.groups: names \"%s\" twice", where,
					weft_name_at(&port->groups, i));
	return ret;
}

const struct weft_kind weft_kind_port = {
	.name = "port",
	.plural = "ports",
	.help = "a port of the switch, which a virtual machine or a device is attached to",
	.in_tenant = true,
	.size = sizeof(struct weft_port),
	.fields = port_fields,
	.derive = derive,
	.init = init,
	.check = check,
};

void
weft_port_socket(const struct weft_port *port, const char *vhost_dir, char *path, size_t size)
{
	const char *slash = strchr(port->o.path, '/');

	if (port->attach.path[0])
		snprintf(path, size, "%s", port->attach.path);
	else
		snprintf(
			path, size, "%s/%.*s.%s.sock", vhost_dir, (int)(slash - port->o.path), port->o.path, slash + 1);
}
