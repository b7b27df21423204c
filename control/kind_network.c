// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What a network is, and what a host is.
#include <string.h>

#include "address.h"
#include "kinds.h"

#define MAX_VNI	    ((1u << 24) - 1)
#define MAX_SUBNETS 32
#define MAX_UPLINKS 8

static const char *const tcp_modes[] = { "strict", "liberal", NULL };
static const char *const encaps[] = { "local", "vlan", "vxlan", "geneve", NULL };

static const struct weft_field network_fields[] = {
	{ "encap", WEFT_FIELD_ENUM, WEFT_AT(weft_network, encap), .names = encaps, .preset = "\"local\"",
		.help = "how the network leaves the host: not at all, as a VLAN on the uplinks, or in a tunnel" },
	{ "vlan", WEFT_FIELD_UINT, WEFT_AT(weft_network, vlan), .min = 1, .max = WEFT_MAX_VID,
		.help = "the network's VLAN on uplinks; with encap vlan" },
	{ "vni", WEFT_FIELD_UINT, WEFT_AT(weft_network, vni), .min = 1, .max = MAX_VNI,
		.help = "the network's number in tunnels; with encap vxlan or geneve" },
	{ "mtu", WEFT_FIELD_UINT, WEFT_AT(weft_network, mtu), .min = WEFT_MTU_MIN, .max = WEFT_MTU_MAX,
		.preset = "1500", .help = "the largest L3 packet" },
	{ "subnets", WEFT_FIELD_LIST, .offset = offsetof(struct weft_network, subnets), .item_size = WEFT_NAME_SIZE,
		.max = MAX_SUBNETS, .help = "its prefixes, such as \"10.0.0.0/24\"" },
	{ "learning", WEFT_FIELD_BOOL, WEFT_AT(weft_network, learning), .preset = "true",
		.help = "learn addresses from traffic and flood what is unknown" },
	{ "firewall", WEFT_FIELD_BOOL, WEFT_AT(weft_network, firewall), .preset = "true",
		.help = "rules hold for its ports; without it everything passes between them" },
	{ "tcp", WEFT_FIELD_ENUM, WEFT_AT(weft_network, tcp), .names = tcp_modes, .preset = "\"strict\"",
		.help = "strict: segments must lie in their connection's windows" },
	{ "pickup", WEFT_FIELD_BOOL, WEFT_AT(weft_network, pickup), .preset = "false",
		.help = "TCP connections may be picked up in the middle, where rules would allow them to be opened" },
	{ 0 },
};

static int
check_network(const char *where, const struct weft_object *object, struct weft_error *err)
{
	const struct weft_network *network = (const struct weft_network *)object;
	bool tunnel = network->encap == WEFT_ENCAP_VXLAN || network->encap == WEFT_ENCAP_GENEVE;

	if ((network->encap == WEFT_ENCAP_VLAN) != (network->vlan != 0))
		return weft_fail(err, EINVAL, "%s.vlan: goes with \"encap\": \"vlan\", and only with it", where);
	if (tunnel != (network->vni != 0))
		return weft_fail(
			err, EINVAL, "%s.vni: goes with \"encap\": \"vxlan\" or \"geneve\", and only with it", where);
	for (uint32_t i = 0; i < network->subnets.n; i++) {
		const char *subnet = weft_name_at(&network->subnets, i);
		struct weft_prefix4 v4;
		struct weft_prefix6 v6;

		if (weft_prefix4_parse(subnet, &v4) && weft_prefix6_parse(subnet, &v6))
			return weft_fail(err, EINVAL,
				"%s.subnets.%u: expected a prefix such as \"10.0.0.0/24\" without bits behind it, got "
				"\"%s\"",
				where, i, subnet);
	}
	return 0;
}

const struct weft_kind weft_kind_network = {
	.name = "network",
	.plural = "networks",
	.help = "a tenant's L2 network, which its ports are part of, on whatever host they are",
	.in_tenant = true,
	.size = sizeof(struct weft_network),
	.fields = network_fields,
	.check = check_network,
};

static const struct weft_field tunnel_fields[] = {
	{ "address", WEFT_FIELD_STRING, WEFT_AT(weft_host, tunnel.address), .required = true,
		.help = "the address that tunnels to this host end at" },
	{ 0 },
};

static const struct weft_field host_fields[] = {
	{ "tunnel", WEFT_FIELD_OBJECT, .offset = 0, .fields = tunnel_fields, .help = "how other hosts reach it" },
	{ "uplinks", WEFT_FIELD_LIST, .offset = offsetof(struct weft_host, uplinks), .item_size = WEFT_NAME_SIZE,
		.max = MAX_UPLINKS, .help = "its DPDK devices to the physical network" },
	{ 0 },
};

static int
check_host(const char *where, const struct weft_object *object, struct weft_error *err)
{
	const struct weft_host *host = (const struct weft_host *)object;
	const char *address = host->tunnel.address;
	struct weft_prefix4 v4;
	struct weft_prefix6 v6;

	if (address[0] &&
		(strchr(address, '/') || (weft_prefix4_parse(address, &v4) && weft_prefix6_parse(address, &v6))))
		return weft_fail(
			err, EINVAL, "%s.tunnel.address: expected an IPv4 or IPv6 address, got \"%s\"", where, address);
	return 0;
}

const struct weft_kind weft_kind_host = {
	.name = "host",
	.plural = "hosts",
	.help = "a host of the cluster",
	.size = sizeof(struct weft_host),
	.fields = host_fields,
	.check = check_host,
};
