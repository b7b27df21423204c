// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports for people.
#include "print_port.h"

#include <stdio.h>

#include "print_sriov.h"
#include "result.h"

static void
worker_text(const json_t *port, char out[16])
{
	const json_t *worker = json_object_get(port, "worker");

	if (json_is_integer(worker))
		snprintf(out, 16, "%lld", json_integer_value(worker));
	else
		snprintf(out, 16, "%s", json_string_value(worker) ? json_string_value(worker) : "");
}

void
print_ports(const json_t *ports)
{
	size_t i;
	json_t *port;

	printf("%-28s %-20s %-6s %-6s %-7s %-6s %14s %14s %12s\n", "PORT", "NETWORK", "STATE", "LINK", "VLAN", "WORKER",
		"RX PACKETS", "TX PACKETS", "DROPPED");
	json_array_foreach (ports, i, port) {
		const json_t *c = json_object_get(port, "counters");
		char worker[16];

		worker_text(port, worker);
		printf("%-28s %-20s %-6s %-6s %-7s %-6s %14lld %14lld %12lld\n", text(port, "name"),
			text(port, "network"), text(port, "state"), text(port, "link"), text(port, "vlan_mode"), worker,
			number(c, "rx_packets"), number(c, "tx_packets"), number(c, "dropped"));
	}
}

void
print_port(const json_t *port)
{
	const json_t *hints = json_object_get(port, "hints"), *line;
	char worker[16];
	const char *key;
	json_t *value;
	size_t i;

	worker_text(port, worker);
	printf("port %s: state %s, link %s, network %s, VLAN mode %s, MTU %lld, worker %s\n", text(port, "name"),
		text(port, "state"), text(port, "link"), text(port, "network"), text(port, "vlan_mode"),
		number(port, "mtu"), worker);
	printf("  %s %s, %lld queue pair(s) in use, connected %lld time(s)\n", text(port, "attach"),
		text(port, "where"), number(port, "queues"), number(port, "connects"));
	if (text(port, "error")[0])
		printf("  trouble: %s\n", text(port, "error"));
	if (json_object_get(port, "vf"))
		print_vf(json_object_get(port, "vf"));
	if (flag(json_object_get(port, "offload"), "possible"))
		printf("  hardware carries %lld flow(s) of it, and has carried %lld packets\n",
			number(json_object_get(port, "offload"), "flows"),
			number(json_object_get(port, "offload"), "packets"));
	else if (json_object_get(port, "offload"))
		printf("  hardware carries nothing of it: %s\n", text(json_object_get(port, "offload"), "why"));
	printf("  %lld connection(s) count against it, %lld of them without an answer\n",
		number(json_object_get(port, "sessions"), "all"),
		number(json_object_get(port, "sessions"), "half_open"));
	json_object_foreach (json_object_get(port, "counters"), key, value)
		printf("  %-14s %lld\n", key, json_integer_value(value));
	json_object_foreach (json_object_get(port, "drops"), key, value)
		printf("  drop %-22s %lld\n", key, json_integer_value(value));
	if (json_object_get(hints, "qemu") == NULL)
		return;
	printf("QEMU:\n");
	json_array_foreach (json_object_get(hints, "qemu"), i, line)
		printf("  %s%s\n", json_string_value(line),
			i + 1 < json_array_size(json_object_get(hints, "qemu")) ? " \\" : "");
	printf("libvirt%s:\n%s\n",
		json_object_get(port, "vf") ? "" : " (with <memoryBacking><access mode='shared'/></memoryBacking>)",
		text(hints, "libvirt"));
}

void
print_drops(const json_t *drops)
{
	size_t i;
	json_t *row;

	printf("%-28s %-20s %14s  %s\n", "PORT", "REASON", "PACKETS", "MEANING");
	json_array_foreach (drops, i, row)
		printf("%-28s %-20s %14lld  %s\n", text(row, "port"), text(row, "reason"), number(row, "packets"),
			text(row, "text"));
}

void
print_top(const json_t *before, const json_t *after, double seconds)
{
	size_t i;
	json_t *port;

	printf("%-28s %-6s %12s %12s %12s %12s %12s\n", "PORT", "LINK", "RX P/S", "RX MBIT/S", "TX P/S", "TX MBIT/S",
		"DROPPED/S");
	json_array_foreach (after, i, port) {
		const json_t *was = find_row(before, "name", text(port, "name")),
			     *a = json_object_get(port, "counters");
		const json_t *b = json_object_get(was, "counters");

		printf("%-28s %-6s %12.0f %12.2f %12.0f %12.2f %12.0f\n", text(port, "name"), text(port, "link"),
			(number(a, "rx_packets") - number(b, "rx_packets")) / seconds,
			(number(a, "rx_bytes") - number(b, "rx_bytes")) * 8 / seconds / 1e6,
			(number(a, "tx_packets") - number(b, "tx_packets")) / seconds,
			(number(a, "tx_bytes") - number(b, "tx_bytes")) * 8 / seconds / 1e6,
			(number(a, "dropped") - number(b, "dropped")) / seconds);
	}
}
