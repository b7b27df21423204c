// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "kind_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>

#include "weft/vec.h"

#include "control/base/address.h"

static const char *const directions[] = { "in", "out", NULL };
static const char *const actions[] = { "allow", "deny", "reject", NULL };
static const char *const revocations[] = { "drop", "reject", NULL };

static int
parse_protocol(const json_t *value, void *to, char expected[160])
{
	static const struct {
		const char *name;
		int16_t number;
	} known[] = { { "any", -1 }, { "ether", WEFT_PROTOCOL_ETHER }, { "icmp", 1 }, { "tcp", 6 }, { "udp", 17 },
		{ "gre", 47 }, { "esp", 50 }, { "icmpv6", 58 }, { "sctp", 132 } };
	const char *name = json_string_value(value);

	snprintf(expected, 160, "any, tcp, udp, icmp, icmpv6, sctp, gre, esp, ether, or a number from 0 to 255");
	if (json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= 255) {
		*(int16_t *)to = json_integer_value(value);
		return 0;
	}
	for (size_t i = 0; name && i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name) == 0) {
			*(int16_t *)to = known[i].number;
			return 0;
		}
	}
	return -1;
}

// Parses a number of at most 65535 at TEXT. Returns what follows it, or NULL.
static const char *
parse_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long value;

	if (!isdigit((unsigned char)*text))
		return NULL;
	value = strtoul(text, &end, 10);
	*port = (uint16_t)value;
	return value <= UINT16_MAX ? end : NULL;
}

static int
parse_ports(const json_t *value, void *to, char expected[160])
{
	struct weft_rule *rule = NULL;
	__typeof__(rule->ports) *ports = to;
	size_t i;
	json_t *item;

	snprintf(expected, 160, "a list of at most %d ports and ranges, such as [443, \"8000-8099\"]", WEFT_MAX_RANGES);
	if (!json_is_array(value) || json_array_size(value) > WEFT_MAX_RANGES)
		return -1;
	json_array_foreach ((json_t *)(uintptr_t)value, i, item) {
		const char *text = json_string_value(item);
		uint16_t *low = &ports->range[i].low, *high = &ports->range[i].high;

		if (json_is_integer(item) && json_integer_value(item) >= 0 && json_integer_value(item) <= UINT16_MAX) {
			*low = *high = json_integer_value(item);
			continue;
		}
		text = text ? parse_port(text, low) : NULL;
		if (text && *text == 0)
			*high = *low;
		else if (text == NULL || *text != '-' || !(text = parse_port(text + 1, high)) || *text || *high < *low)
			return -1;
	}
	ports->n = json_array_size(value);
	return 0;
}

// Parses the ethertype of a frame that is neither IP nor ARP, and no tag.
static int
parse_ethertype(const json_t *value, void *to, char expected[160])
{
	static const uint16_t judged[] = { RTE_ETHER_TYPE_IPV4, RTE_ETHER_TYPE_ARP, RTE_ETHER_TYPE_IPV6,
		RTE_ETHER_TYPE_VLAN, RTE_ETHER_TYPE_QINQ };
	const char *text = json_string_value(value);
	json_int_t number = json_integer_value(value);
	char *end;

	snprintf(expected, 160,
		"a number from 0x600 to 0xffff, such as \"0x8863\", but not that of IPv4, IPv6, ARP or a VLAN tag");
	if (text && isdigit((unsigned char)text[0])) {
		number = strtol(text, &end, 0);
		if (*end)
			return -1;
	}
	if (number < WEFT_ETHERTYPE_MIN || number > UINT16_MAX)
		return -1;
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++)
		if (number == judged[i])
			return -1;
	*(uint16_t *)to = (uint16_t)number;
	return 0;
}

// Parses a byte, plus 1, into an int16_t: 0 means that it was not given.
static int
parse_byte(const json_t *value, void *to, char expected[160])
{
	snprintf(expected, 160, "a number from 0 to 255");
	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > 255)
		return -1;
	*(int16_t *)to = json_integer_value(value) + 1;
	return 0;
}

#define BYTE_SCHEMA "{\"type\":\"integer\",\"minimum\":0,\"maximum\":255}"
#define ETHERTYPE_SCHEMA                                                                                               \
	"{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1536,\"maximum\":65535},{\"type\":\"string\",\"pattern\":"      \
	"\"^(0x[0-9a-fA-F]{3,4}|[0-9]{4,5})$\"}]}"
#define PORTS_SCHEMA                                                                                                   \
	"{\"type\":\"array\",\"maxItems\":16,\"items\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0,\"maximum\":"   \
	"65535},{\"type\":\"string\",\"pattern\":\"^[0-9]+(-[0-9]+)?$\"}]}}"
#define PROTOCOL_SCHEMA                                                                                                \
	"{\"anyOf\":[{\"enum\":[\"any\",\"tcp\",\"udp\",\"icmp\",\"icmpv6\",\"sctp\",\"gre\",\"esp\",\"ether\"]},"     \
	"{\"type\":\"integer\",\"minimum\":0,\"maximum\":255}]}"

static const struct weft_field icmp_fields[] = {
	{ "type", WEFT_FIELD_CUSTOM, WEFT_AT(weft_rule, icmp.type), .parse = parse_byte, .schema = BYTE_SCHEMA,
		.help = "the ICMP type; without it any" },
	{ "code", WEFT_FIELD_CUSTOM, WEFT_AT(weft_rule, icmp.code), .parse = parse_byte, .schema = BYTE_SCHEMA,
		.help = "the ICMP code; without it any" },
	{ 0 },
};

static const struct weft_field remote_fields[] = {
	{ "group", WEFT_FIELD_STRING, WEFT_AT(weft_rule, remote.group), .help = "the ports of a group of the tenant" },
	{ "network", WEFT_FIELD_STRING, WEFT_AT(weft_rule, remote.network), .help = "a network of the tenant" },
	{ "cidr", WEFT_FIELD_STRING, WEFT_AT(weft_rule, remote.cidr), .help = "a prefix such as \"10.0.0.0/8\"" },
	{ 0 },
};

static const struct weft_field rule_fields[] = {
	{ "name", WEFT_FIELD_STRING, WEFT_AT(weft_rule, name), .help = "the rule's name, for people and counters" },
	{ "direction", WEFT_FIELD_ENUM, WEFT_AT(weft_rule, direction), .names = directions, .required = true,
		.help = "in (towards the port) or out (from the port)" },
	{ "priority", WEFT_FIELD_UINT, WEFT_AT(weft_rule, priority), .max = 65535, .preset = "1000",
		.help = "the rule with the lowest number is judged first" },
	{ "action", WEFT_FIELD_ENUM, WEFT_AT(weft_rule, action), .names = actions, .required = true,
		.help = "what happens to packets that the rule matches" },
	{ "protocol", WEFT_FIELD_CUSTOM, WEFT_AT(weft_rule, protocol), .parse = parse_protocol,
		.schema = PROTOCOL_SCHEMA, .preset = "\"any\"",
		.help = "the IP protocol; ether: frames that are neither IPv4, IPv6 nor ARP, which need a rule at both ends" },
	{ "ethertype", WEFT_FIELD_CUSTOM, WEFT_AT(weft_rule, ethertype), .parse = parse_ethertype,
		.schema = ETHERTYPE_SCHEMA, .help = "with ether: the ethertype; without it any" },
	{ "ports", WEFT_FIELD_CUSTOM, WEFT_AT(weft_rule, ports), .parse = parse_ports, .schema = PORTS_SCHEMA,
		.help = "destination ports; with tcp, udp or sctp" },
	{ "icmp", WEFT_FIELD_OBJECT, .offset = 0, .fields = icmp_fields,
		.help = "the ICMP type and code; with icmp or icmpv6" },
	{ "remote", WEFT_FIELD_OBJECT, .offset = 0, .fields = remote_fields, .help = "the other end; without it any" },
	{ "stateless", WEFT_FIELD_BOOL, WEFT_AT(weft_rule, stateless), .preset = "false",
		.help = "judge each packet on its own; replies need rules of their own" },
	{ "log", WEFT_FIELD_BOOL, WEFT_AT(weft_rule, log), .preset = "false", .help = "log connections, rate-limited" },
	{ 0 },
};

static const struct weft_field group_fields[] = {
	{ "rules", WEFT_FIELD_LIST, .offset = offsetof(struct weft_group, rules), .item_size = sizeof(struct weft_rule),
		.fields = rule_fields, .max = WEFT_MAX_RULES, .preset = "[]", .help = "its rules",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "default_in", WEFT_FIELD_ENUM, WEFT_AT(weft_group, default_in), .names = actions, .preset = "\"deny\"",
		.help = "what happens to packets towards the port that no rule matches",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "default_out", WEFT_FIELD_ENUM, WEFT_AT(weft_group, default_out), .names = actions, .preset = "\"allow\"",
		.help = "what happens to packets from the port that no rule matches", .vf = { WEFT_BY_JUDGE, NULL } },
	{ "on_revocation", WEFT_FIELD_ENUM, WEFT_AT(weft_group, on_revocation), .names = revocations,
		.preset = "\"drop\"",
		.help = "for connections that a change forbids: drop their packets, or reject: also tell both ends",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ 0 },
};

static const struct weft_field tier_fields[] = {
	{ "rules", WEFT_FIELD_LIST, .offset = offsetof(struct weft_group, rules), .item_size = sizeof(struct weft_rule),
		.fields = rule_fields, .max = WEFT_MAX_RULES, .preset = "[]", .help = "its rules",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ 0 },
};

static int
check_rule(const char *where, unsigned int i, struct weft_rule *rule, struct weft_error *err)
{
	bool has_ports = rule->protocol == 6 || rule->protocol == 17 || rule->protocol == 132;
	bool is_icmp = rule->protocol == 1 || rule->protocol == 58;
	struct weft_prefix4 v4;
	struct weft_prefix6 v6;

	if (rule->ethertype && rule->protocol != WEFT_PROTOCOL_ETHER)
		return weft_fail(err, EINVAL, "%s.rules.%u.ethertype: needs protocol ether", where, i);
	if (rule->protocol == WEFT_PROTOCOL_ETHER &&
		(rule->remote.group[0] || rule->remote.cidr[0] || rule->remote.network[0]))
		return weft_fail(err, EINVAL,
			"%s.rules.%u.remote: names IP addresses, which frames of protocol ether do not have", where, i);
	if (rule->ports.n && !has_ports)
		return weft_fail(err, EINVAL, "%s.rules.%u.ports: needs protocol tcp, udp or sctp", where, i);
	if ((rule->icmp.type || rule->icmp.code) && !is_icmp)
		return weft_fail(err, EINVAL, "%s.rules.%u.icmp: needs protocol icmp or icmpv6", where, i);
	if (rule->icmp.code && !rule->icmp.type)
		return weft_fail(err, EINVAL, "%s.rules.%u.icmp.code: needs a type", where, i);
	if ((rule->remote.group[0] != 0) + (rule->remote.cidr[0] != 0) + (rule->remote.network[0] != 0) > 1)
		return weft_fail(
			err, EINVAL, "%s.rules.%u.remote: expected only one of group, network and cidr", where, i);
	if (rule->remote.cidr[0] && weft_prefix4_parse(rule->remote.cidr, &v4) &&
		weft_prefix6_parse(rule->remote.cidr, &v6))
		return weft_fail(err, EINVAL,
			"%s.rules.%u.remote.cidr: expected a prefix without host bits, such as \"10.0.0.0/8\", got \"%s\"",
			where, i, rule->remote.cidr);
	// The parser adds 1, so that 0 means that it was not given.
	rule->icmp.type--;
	rule->icmp.code--;
	return 0;
}

static int
check_group(const char *where, const struct weft_object *object, struct weft_error *err)
{
	struct weft_group *group = (struct weft_group *)(uintptr_t)object;
	struct weft_rule *rules = group->rules.items;
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < group->rules.n; i++) {
		ret = check_rule(where, i, &rules[i], err);
		group->names_networks = group->names_networks || rules[i].remote.network[0];
	}
	return ret;
}

// The provider's rules apply to all tenants, so they cannot name an object of one tenant.
static int
check_provider_rules(const char *where, const struct weft_object *object, struct weft_error *err)
{
	const struct weft_group *tier = (const struct weft_group *)object;
	const struct weft_rule *rules = tier->rules.items;

	for (uint32_t i = 0; i < tier->rules.n; i++)
		if (rules[i].remote.group[0] || rules[i].remote.network[0])
			return weft_fail(err, EINVAL,
				"%s.rules.%u.remote: groups and networks belong to a tenant, and these rules apply to all "
				"tenants; use cidr",
				where, i);
	return check_group(where, object, err);
}

const struct weft_kind weft_kind_group = {
	.name = "group",
	.plural = "groups",
	.help = "a group of ports, and the firewall rules that apply to them",
	.in_tenant = true,
	.size = sizeof(struct weft_group),
	.fields = group_fields,
	.check = check_group,
};

const struct weft_kind weft_kind_tenant_rules = {
	.name = "tenant-rules",
	.plural = "rules",
	.help = "rules for all ports of a tenant, which are judged before those of its groups",
	.in_tenant = true,
	.single = true,
	.size = sizeof(struct weft_group),
	.fields = tier_fields,
	.check = check_group,
};

const struct weft_kind weft_kind_provider_rules = {
	.name = "provider-rules",
	.plural = "provider-rules",
	.help = "rules for all ports of all tenants, which are judged before the tenants' own",
	.size = sizeof(struct weft_group),
	.fields = tier_fields,
	.check = check_provider_rules,
};

const struct weft_group *
weft_rules_of(const struct weft_object *object)
{
	bool has = object && (object->kind == &weft_kind_group || object->kind == &weft_kind_tenant_rules ||
				     object->kind == &weft_kind_provider_rules);

	return has ? (const struct weft_group *)object : NULL;
}
