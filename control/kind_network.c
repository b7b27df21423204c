// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What a network is, and what a host is.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
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
		.help = "learn addresses from traffic and flood what is unknown; not by default where there are "
			"tunnels" },
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
	bool tunnel = weft_network_is_tunnelled(network);

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

// What tunnels put in front of frames leaves so much of an Ethernet of the usual size. Where a port is comes from the
// store: what is not known there is not flooded to all hosts.
static void
derive_network(json_t *json)
{
	const char *encap = json_string_value(json_object_get(json, "encap"));

	if (encap == NULL || (strcmp(encap, "vxlan") && strcmp(encap, "geneve")))
		return;
	if (!json_object_get(json, "mtu"))
		json_object_set_new(json, "mtu", json_integer(WEFT_MTU_DEFAULT - WEFT_TUNNEL_OVERHEAD));
	if (!json_object_get(json, "learning"))
		json_object_set_new(json, "learning", json_false());
}

const struct weft_kind weft_kind_network = {
	.name = "network",
	.plural = "networks",
	.help = "a tenant's L2 network, which its ports are part of, on whatever host they are",
	.in_tenant = true,
	.size = sizeof(struct weft_network),
	.fields = network_fields,
	.derive = derive_network,
	.check = check_network,
};

bool
weft_network_is_tunnelled(const struct weft_network *network)
{
	return network && (network->encap == WEFT_ENCAP_VXLAN || network->encap == WEFT_ENCAP_GENEVE);
}

uint16_t
weft_network_wire_mtu(const struct weft_network *network)
{
	return network->mtu + (weft_network_is_tunnelled(network) ? WEFT_TUNNEL_OVERHEAD : 0);
}

// "10.0.0.1" or "10.0.0.1/24", into the host's v4.
static int
parse_address(const json_t *value, void *to, char expected[160])
{
	struct weft_host *host = to;
	const char *text = json_string_value(value), *slash = text ? strchr(text, '/') : NULL;
	char alone[INET_ADDRSTRLEN] = "", *end = NULL;
	struct in6_addr v6;
	unsigned long length = slash ? strtoul(slash + 1, &end, 10) : 0;

	// Tunnels do not lead there yet, and who writes it is warned.
	if (text && inet_pton(AF_INET6, text, &v6) == 1)
		return 0;
	snprintf(alone, sizeof(alone), "%.*s", text ? (int)strcspn(text, "/") : 0, text ? text : "");
	if (inet_pton(AF_INET, alone, &host->v4.address) != 1 || host->v4.address == 0 ||
		(slash && (slash[1] < '0' || slash[1] > '9' || *end || length == 0 || length > 32))) {
		snprintf(expected, 160,
			"an IPv4 address, alone or with its network's length (10.0.0.1/24), or an IPv6 address");
		return -1;
	}
	host->v4.mask = length ? rte_cpu_to_be_32(UINT32_MAX << (32 - length)) : 0;
	if (length && length < 31 && (host->v4.address & ~host->v4.mask) == 0) {
		snprintf(expected, 160, "a host's address, and this is a network's");
		return -1;
	}
	return 0;
}

static int
parse_gateway(const json_t *value, void *to, char expected[160])
{
	struct weft_host *host = to;

	if (json_is_string(value) && inet_pton(AF_INET, json_string_value(value), &host->v4.gateway) == 1)
		return 0;
	snprintf(expected, 160, "an IPv4 address");
	return -1;
}

#define V4_SCHEMA "{\"type\":\"string\"}"

static const struct weft_field tunnel_fields[] = {
	{ "address", WEFT_FIELD_CUSTOM, .parse = parse_address, .schema = V4_SCHEMA, .required = true,
		.help = "the address that tunnels to this host end at, with its network's length: hosts outside of "
			"that are reached by the gateway" },
	{ "gateway", WEFT_FIELD_CUSTOM, .parse = parse_gateway, .schema = V4_SCHEMA,
		.help = "the next hop to hosts outside of this one's network" },
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

	if (host->v4.gateway && (host->v4.mask == 0 || ((host->v4.gateway ^ host->v4.address) & host->v4.mask)))
		return weft_fail(err, EINVAL,
			"%s.tunnel.gateway: expected an address in the network of tunnel.address, which needs a length "
			"(10.0.0.1/24)",
			where);
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
