// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports for people.
#include "print_port.h"

#include <stdio.h>

#include "print_sriov.h"
#include "result.h"

// The worker of a port: its number, or a word.
static void
worker_text(const json_t *port, char out[16])
{
	const json_t *worker = json_object_get(port, "worker");

	if (json_is_integer(worker))
		snprintf(out, 16, "%lld", json_integer_value(worker));
	else
		snprintf(out, 16, "%s", text(port, "worker"));
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

// How QEMU and libvirt attach a VM to the port.
static void
print_hints(const json_t *hints, bool vf)
{
	const json_t *lines = json_object_get(hints, "qemu"), *line;
	size_t i;

	printf("QEMU:\n");
	json_array_foreach (lines, i, line)
		printf("  %s%s\n", json_string_value(line), i + 1 < json_array_size(lines) ? " \\" : "");
	printf("libvirt%s:\n%s\n",
		vf ? ""
		   : " (with <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking> in the domain)",
		text(hints, "libvirt"));
}

void
print_port(const json_t *port)
{
	const json_t *offload = json_object_get(port, "offload"), *sessions = json_object_get(port, "sessions");
	char worker[16];
	const char *key;
	json_t *value;

	worker_text(port, worker);
	printf("port %s: state %s, link %s, network %s, VLAN mode %s, MTU %lld, worker %s\n", text(port, "name"),
		text(port, "state"), text(port, "link"), text(port, "network"), text(port, "vlan_mode"),
		number(port, "mtu"), worker);
	printf("  %s %s, %lld queue pair(s) in use, connected %lld time(s)\n", text(port, "attach"),
		text(port, "where"), number(port, "queues"), number(port, "connects"));
	if (text(port, "error")[0])
		printf("  error: %s\n", text(port, "error"));
	if (json_object_get(port, "vf"))
		print_vf(json_object_get(port, "vf"));
	if (flag(offload, "possible"))
		printf("  offloaded to hardware: %lld flow(s) now, %lld packets so far\n", number(offload, "flows"),
			number(offload, "packets"));
	else if (offload)
		printf("  nothing is offloaded to hardware: %s\n", text(offload, "why"));
	printf("  %lld connection(s) count against its limit, %lld of them have no answer yet\n",
		number(sessions, "all"), number(sessions, "half_open"));
	json_object_foreach (json_object_get(port, "counters"), key, value)
		printf("  %-14s %lld\n", key, json_integer_value(value));
	json_object_foreach (json_object_get(port, "drops"), key, value)
		printf("  drop %-22s %lld\n", key, json_integer_value(value));
	if (json_object_get(json_object_get(port, "hints"), "qemu"))
		print_hints(json_object_get(port, "hints"), json_object_get(port, "vf") != NULL);
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
