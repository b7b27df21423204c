// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "kind_host.h"

#include <stdio.h>
#include <string.h>

#include "control/base/address.h"
#include "parse.h"

#define MAX_UPLINKS 8
#define MAX_DENIED  10000

// Whether IP can be the address of a host: it is unicast, and not a loopback address.
static bool
is_of_a_host(const struct weft_ip *ip)
{
	const uint8_t *b = (const uint8_t *)ip->word;

	if (weft_ip_is_v4(ip))
		return b[12] != 0 && b[12] != 127 && b[12] < 224;
	return b[0] != 0xff && ip->word[0] != 0;
}

static bool
is_link_local(const struct weft_ip *ip)
{
	const uint8_t *b = (const uint8_t *)ip->word;

	return b[0] == 0xfe && (b[1] & 0xc0) == 0x80;
}

// Parses "10.0.0.1" or "2001:db8::1/64" into the host.
static int
parse_address(const json_t *value, void *to, char expected[160])
{
	struct weft_host *host = to;
	const char *text = json_string_value(value);
	struct weft_ip network;

	if (text == NULL || weft_ip_parse(text, &host->tunnel.address, &host->tunnel.length) ||
		!is_of_a_host(&host->tunnel.address) || is_link_local(&host->tunnel.address)) {
		snprintf(expected, 160,
			"a host's address, alone or with the prefix length of its network, such as "
			"\"10.0.0.1/24\" or \"2001:db8::1/64\"");
		return -1;
	}
	network = host->tunnel.address;
	network.word[1] =
		rte_cpu_to_be_64(rte_be_to_cpu_64(network.word[1]) & ~UINT64_C(0) << (32 - host->tunnel.length % 33));
	if (weft_ip_is_v4(&network) && host->tunnel.length && host->tunnel.length < 31 &&
		weft_ip_same(&network, &host->tunnel.address)) {
		snprintf(expected, 160, "a host's address, not a network's");
		return -1;
	}
	return 0;
}

static int
parse_gateway(const json_t *value, void *to, char expected[160])
{
	struct weft_host *host = to;
	uint8_t length;

	if (json_is_string(value) && weft_ip_parse(json_string_value(value), &host->tunnel.gateway, &length) == 0 &&
		length == 0 && is_of_a_host(&host->tunnel.gateway))
		return 0;
	snprintf(expected, 160, "a host's address");
	return -1;
}

#define ADDRESS_SCHEMA "{\"type\":\"string\"}"

#define OF_THE_HOST "concerns the host's tunnels and shared uplinks, not the VF"

static const struct weft_field tunnel_fields[] = {
	{ "address", WEFT_FIELD_CUSTOM, .parse = parse_address, .schema = ADDRESS_SCHEMA, .required = true,
		.help = "the host's tunnel address, IPv4 or IPv6, with the prefix length of its network; the gateway "
			"leads to hosts outside of that network" },
	{ "gateway", WEFT_FIELD_CUSTOM, .parse = parse_gateway, .schema = ADDRESS_SCHEMA,
		.help = "the next hop to hosts outside of this host's network" },
	{ "checksum", WEFT_FIELD_BOOL, WEFT_AT(weft_host, tunnel.checksum), .preset = "false",
		.help = "send UDP checksums, and over IPv6 drop datagrams without one; the default is true for IPv6 only" },
	{ "bfd_interval_ms", WEFT_FIELD_UINT, WEFT_AT(weft_host, tunnel.bfd_interval_ms), .max = 60000, .preset = "300",
		.help = "milliseconds between two BFD packets to each other host; 0: the host takes no part in BFD" },
	{ "bfd_multiplier", WEFT_FIELD_UINT, WEFT_AT(weft_host, tunnel.bfd_multiplier), .min = 1, .max = 50,
		.preset = "3", .help = "BFD packets that may be missing before a host counts as down" },
	{ 0 },
};

static const struct weft_field host_fields[] = {
	{ "tunnel", WEFT_FIELD_OBJECT, .offset = 0, .fields = tunnel_fields,
		.help = "how other hosts reach this host through tunnels", .vf = { WEFT_BY_NOTHING, OF_THE_HOST } },
	{ "uplinks", WEFT_FIELD_LIST, .offset = offsetof(struct weft_host, uplinks), .item_size = WEFT_NAME_SIZE,
		.max = MAX_UPLINKS, .help = "the host's DPDK devices to the physical network",
		.vf = { WEFT_BY_NOTHING, OF_THE_HOST } },
	{ "deny", WEFT_FIELD_LIST, .offset = offsetof(struct weft_host, deny), .item_size = WEFT_NAME_SIZE,
		.max = MAX_DENIED,
		.help = "prefixes of sources whose packets a shared uplink drops, for weft and for the host itself",
		.vf = { WEFT_BY_NOTHING, OF_THE_HOST } },
	{ 0 },
};

// With IPv6, checksums are the default: receivers may discard datagrams without one (RFC 8200, 8.1).
static void
derive_host(const char *key, json_t *json)
{
	json_t *tunnel = json_object_get(json, "tunnel");
	const char *address = json_string_value(json_object_get(tunnel, "address"));

	(void)key;
	if (address && strchr(address, ':') && !json_object_get(tunnel, "checksum"))
		json_object_set_new(tunnel, "checksum", json_true());
}

static int
check_host(const char *where, const struct weft_object *object, struct weft_error *err)
{
	const struct weft_host *host = (const struct weft_host *)object;
	const struct weft_ip *gateway = &host->tunnel.gateway;

	if (!weft_ip_is_none(gateway) && !is_link_local(gateway) &&
		(host->tunnel.length == 0 || !weft_ip_in_prefix(gateway, &host->tunnel.address, host->tunnel.length)))
		return weft_fail(err, EINVAL,
			"%s.tunnel.gateway: expected an address in the network of tunnel.address, which needs a prefix length "
			"(10.0.0.1/24)",
			where);
	for (uint32_t i = 0; i < host->deny.n; i++)
		if (!weft_is_prefix(weft_name_at(&host->deny, i)))
			return weft_fail(err, EINVAL,
				"%s.deny.%u: expected a prefix without host bits, such as \"203.0.113.0/24\", got \"%s\"",
				where, i, weft_name_at(&host->deny, i));
	if (is_link_local(gateway) && weft_ip_is_v4(&host->tunnel.address))
		return weft_fail(
			err, EINVAL, "%s.tunnel.gateway: expected an IPv4 address, as tunnel.address is", where);
	return 0;
}

const struct weft_kind weft_kind_host = {
	.name = "host",
	.plural = "hosts",
	.help = "a host of the cluster",
	.size = sizeof(struct weft_host),
	.fields = host_fields,
	.derive = derive_host,
	.check = check_host,
};
