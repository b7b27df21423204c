// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "kind_network.h"

#include <string.h>

#include "weft/link_protocol.h"
#include "weft/snapshot.h"
#include "weft/tunnel.h"

#include "parse.h"

#define MAX_VNI	    ((1u << 24) - 1)
#define MAX_SUBNETS 32
#define VLAN_TAG    4

#define WITHOUT_FIREWALL "nothing to enforce without a firewall or a tunnel"

static const char *const tcp_modes[] = { "strict", "liberal", NULL };
static const char *const encaps[] = { "local", "vlan", "vxlan", "geneve", NULL };

// In the order of enum weft_link_protocol.
static int
parse_link_protocols(const json_t *value, void *to, char expected[160])
{
	static const char *const names[] = { "lldp", "lacp", "eapol", "ptp", NULL };

	snprintf(expected, 160, "a list of lldp, lacp, eapol and ptp");
	return weft_parse_set(value, names, to);
}

#define LINK_SCHEMA "{\"type\":\"array\",\"items\":{\"enum\":[\"lldp\",\"lacp\",\"eapol\",\"ptp\"]}}"

static const struct weft_field network_fields[] = {
	{ "encap", WEFT_FIELD_ENUM, WEFT_AT(weft_network, encap), .providers = true, .names = encaps,
		.preset = "\"local\"",
		.help = "how the network reaches other hosts: not at all, as a VLAN on the uplinks, or through tunnels",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "vlan", WEFT_FIELD_UINT, WEFT_AT(weft_network, vlan), .providers = true, .min = 1, .max = WEFT_MAX_VID,
		.help = "the network's VLAN on uplinks; with encap vlan", .vf = { WEFT_BY_JUDGE, NULL } },
	{ "vni", WEFT_FIELD_UINT, WEFT_AT(weft_network, vni), .providers = true, .min = 1, .max = MAX_VNI,
		.help = "the network's number in tunnels; with encap vxlan or geneve",
		.vf = { WEFT_BY_NOTHING, WITHOUT_FIREWALL } },
	{ "mtu", WEFT_FIELD_UINT, WEFT_AT(weft_network, mtu), .min = WEFT_MTU_MIN, .max = WEFT_MTU_MAX,
		.preset = "1500",
		.help = "the largest L3 packet in bytes; the default with tunnels keeps their packets within 1500 bytes",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "subnets", WEFT_FIELD_LIST, .offset = offsetof(struct weft_network, subnets), .item_size = WEFT_NAME_SIZE,
		.max = MAX_SUBNETS, .help = "the network's prefixes, such as \"10.0.0.0/24\"",
		.vf = { WEFT_BY_NOTHING, WITHOUT_FIREWALL } },
	{ "learning", WEFT_FIELD_BOOL, WEFT_AT(weft_network, learning), .preset = "true",
		.help = "learn addresses from traffic, and flood frames to unknown ones; the default with tunnels is "
			"false",
		.vf = { WEFT_BY_HARDWARE, "the PF's switch knows its MAC" } },
	{ "snooping", WEFT_FIELD_BOOL, WEFT_AT(weft_network, snooping), .preset = "true",
		.help = "deliver a multicast group that ports have joined (IGMP, MLD) to these ports only",
		.vf = { WEFT_BY_HARDWARE, "the PF delivers the groups that the VM's driver wants" } },
	{ "firewall", WEFT_FIELD_BOOL, WEFT_AT(weft_network, firewall), .providers = true, .preset = "true",
		.help = "apply firewall rules to the network's ports; without it everything passes between them",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "non_ip", WEFT_FIELD_BOOL, WEFT_AT(weft_network, non_ip), .preset = "false",
		.help = "let frames that are neither IPv4, IPv6 nor ARP pass the firewall; else rules with protocol ether "
			"must allow them",
		.vf = { WEFT_BY_NOTHING, WITHOUT_FIREWALL } },
	{ "link_protocols", WEFT_FIELD_CUSTOM, WEFT_AT(weft_network, link_protocols), .parse = parse_link_protocols,
		.schema = LINK_SCHEMA,
		.help = "of frames to 01:80:c2:00:00:0x, which bridges do not forward: those that are forwarded between "
			"the network's ports: lldp, lacp, eapol, ptp",
		.vf = { WEFT_BY_HARDWARE, "the PF's switch does not forward them" } },
	{ "tcp", WEFT_FIELD_ENUM, WEFT_AT(weft_network, tcp), .names = tcp_modes, .preset = "\"strict\"",
		.help = "strict: TCP segments must lie within their connection's windows; liberal: anywhere",
		.vf = { WEFT_BY_NOTHING, WITHOUT_FIREWALL } },
	{ "pickup", WEFT_FIELD_BOOL, WEFT_AT(weft_network, pickup), .preset = "false",
		.help = "accept TCP connections in the middle, if the rules would allow them to be opened",
		.vf = { WEFT_BY_NOTHING, WITHOUT_FIREWALL } },
	{ 0 },
};

static int
check_network(const char *where, const struct weft_object *object, struct weft_error *err)
{
	const struct weft_network *network = (const struct weft_network *)object;
	bool tunnel = weft_network_is_tunnelled(network);

	if ((network->encap == WEFT_ENCAP_VLAN) != (network->vlan != 0))
		return weft_fail(err, EINVAL, "%s.vlan: applies to \"encap\": \"vlan\", which needs it", where);
	if (tunnel != (network->vni != 0))
		return weft_fail(
			err, EINVAL, "%s.vni: applies to \"encap\": \"vxlan\" or \"geneve\", which need it", where);
	for (uint32_t i = 0; i < network->subnets.n; i++) {
		const char *subnet = weft_name_at(&network->subnets, i);

		if (!weft_is_prefix(subnet))
			return weft_fail(err, EINVAL,
				"%s.subnets.%u: expected a prefix without host bits, such as \"10.0.0.0/24\", got \"%s\"",
				where, i, subnet);
	}
	return 0;
}

// The most bytes that a tunnel adds to a packet, with a VLAN tag in the inner frame. The physical network's MTU must
// have room for them.
static uint16_t
overhead(int encap)
{
	return WEFT_OUTER_IPV6 + WEFT_TUNNEL_BASE + VLAN_TAG + (encap == WEFT_ENCAP_GENEVE ? WEFT_STAMP_SIZE : 0);
}

// Sets the defaults of a network with tunnels: the MTU that fits into a physical MTU of 1500, and no learning, because
// the store says where each port is.
static void
derive_network(const char *key, json_t *json)
{
	const char *encap = json_string_value(json_object_get(json, "encap"));

	(void)key;
	if (encap == NULL || (strcmp(encap, "vxlan") && strcmp(encap, "geneve")))
		return;
	if (!json_object_get(json, "mtu"))
		json_object_set_new(json, "mtu",
			json_integer(WEFT_MTU_DEFAULT -
				     overhead(strcmp(encap, "vxlan") ? WEFT_ENCAP_GENEVE : WEFT_ENCAP_VXLAN)));
	if (!json_object_get(json, "learning"))
		json_object_set_new(json, "learning", json_false());
}

const struct weft_kind weft_kind_network = {
	.name = "network",
	.plural = "networks",
	.help = "a tenant's L2 network, whose ports may be on any host",
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
	return network->mtu + (weft_network_is_tunnelled(network) ? overhead(network->encap) : 0);
}
