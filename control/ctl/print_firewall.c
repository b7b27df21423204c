// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections, rules and groups for people.
#include "print_firewall.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "result.h"

static const char *
protocol(long long proto, char other[8])
{
	switch (proto) {
	case 1:
		return "icmp";
	case 6:
		return "tcp";
	case 17:
		return "udp";
	case 58:
		return "icmpv6";
	case 132:
		return "sctp";
	default:
		snprintf(other, 8, "%lld", proto);
		return other;
	}
}

static void
print_end(const json_t *end)
{
	const char *address = text(end, "address");
	char all[128];

	if (json_object_get(end, "id"))
		snprintf(all, sizeof(all), "%s id %lld", address, number(end, "id"));
	else
		snprintf(all, sizeof(all), strchr(address, ':') ? "[%s]:%lld" : "%s:%lld", address,
			number(end, "l4_port"));
	printf(" %-28s", all);
}

void
print_sessions(const json_t *result)
{
	const json_t *rows = json_object_get(result, "sessions"), *row;
	size_t i;

	printf("%-6s %-12s %-28s %-28s %8s %10s %s\n", "PROTO", "STATE", "FROM", "TO", "IDLE s", "PACKETS", "PORTS");
	json_array_foreach ((json_t *)(uintptr_t)rows, i, row) {
		char other[8];

		printf("%-6s %-12s", protocol(number(row, "protocol"), other), text(row, "state"));
		print_end(json_object_get(row, "from"));
		print_end(json_object_get(row, "to"));
		printf(" %8lld %10lld %s > %s\n", number(row, "idle_s"), number(row, "packets"),
			text(json_object_get(row, "from"), "port"), text(json_object_get(row, "to"), "port"));
	}
	if (number(result, "matched") > (long long)json_array_size(rows))
		printf("%lld more match; --limit N shows more\n",
			number(result, "matched") - (long long)json_array_size(rows));
}

static void
print_end_whole(const char *what, const json_t *end)
{
	printf("  %s", what);
	print_end(end);
	printf(" port %s, allowed by: %s\n", text(end, "port"),
		text(end, "rule")[0] ? text(end, "rule") : "(not judged here)");
}

void
print_sessions_whole(const json_t *result)
{
	const json_t *rows = json_object_get(result, "sessions"), *row;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)rows, i, row) {
		char other[8];

		printf("%s %s in network %s, on worker %lld\n", protocol(number(row, "protocol"), other),
			text(row, "state"), text(row, "network"), number(row, "worker"));
		print_end_whole("from", json_object_get(row, "from"));
		print_end_whole("to  ", json_object_get(row, "to"));
		printf("  open for %lld s, idle for %lld s, %lld packets, %lld bytes\n", number(row, "age_s"),
			number(row, "idle_s"), number(row, "packets"), number(row, "bytes"));
	}
	if (json_array_size(rows) == 0)
		printf("no connection matches\n");
}

void
print_session_counts(const json_t *result)
{
	const char *state;
	json_t *value;
	size_t i;

	printf("%lld connection(s)\n", number(result, "matched"));
	json_object_foreach (json_object_get(result, "states"), state, value)
		printf("  %-14s %lld\n", state, json_integer_value(value));
	json_array_foreach (json_object_get(result, "workers"), i, value)
		printf("worker %lld: %lld of %lld in use; %lld opened, %lld timed out, %lld removed to make room, %lld "
		       "revoked, %lld judged again, %lld moved, %lld log lines left out\n",
			number(value, "worker"), number(value, "sessions"), number(value, "size"),
			number(value, "opened"), number(value, "expired"), number(value, "evicted"),
			number(value, "revoked"), number(value, "rejudged"), number(value, "moved"),
			number(value, "log_lost"));
}

void
print_rules(const json_t *rules)
{
	const json_t *rule;
	size_t i;

	printf("%-44s %12s %14s %12s %s\n", "RULE", "PACKETS", "BYTES", "CONNECTIONS", "LAST HIT");
	json_array_foreach ((json_t *)(uintptr_t)rules, i, rule) {
		printf("%-44s %12lld %14lld %12lld ", text(rule, "rule"), number(rule, "packets"),
			number(rule, "bytes"), number(rule, "connections"));
		if (json_object_get(rule, "last_hit_s"))
			printf("%lld s ago\n", number(rule, "last_hit_s"));
		else
			printf("never\n");
	}
}

void
print_group(const json_t *group)
{
	const json_t *members = json_object_get(group, "members"), *member;
	size_t i, k;

	printf("group %s: %lld rule(s), %zu member(s)\n", text(group, "group"), number(group, "rules"),
		json_array_size(members));
	json_array_foreach ((json_t *)(uintptr_t)members, i, member) {
		const json_t *ips = json_object_get(member, "ips"), *ip;

		printf("  %-28s host %-12s network %-12s", text(member, "port"), text(member, "host"),
			text(member, "network"));
		json_array_foreach ((json_t *)(uintptr_t)ips, k, ip)
			printf(" %s", json_string_value(ip));
		putchar('\n');
	}
}

void
print_groups(const json_t *tree)
{
	const char *tenant, *name;
	json_t *objects, *group;

	printf("%-28s %6s %-8s %s\n", "GROUP", "RULES", "IN", "OUT");
	json_object_foreach (json_object_get(tree, "tenants"), tenant, objects) {
		json_object_foreach (json_object_get(objects, "groups"), name, group) {
			char path[256];

			snprintf(path, sizeof(path), "%s/%s", tenant, name);
			printf("%-28s %6zu %-8s %s\n", path, json_array_size(json_object_get(group, "rules")),
				text(group, "default_in"), text(group, "default_out"));
		}
	}
}
