// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Results for people.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl.h"

void
print_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
}

void
print_status(const json_t *s)
{
	time_t started = number(s, "started_us") / 1000000;
	char when[64];

	strftime(when, sizeof(when), "%F %T %z", localtime(&started));
	printf("weftd %s, DPDK %s, pid %lld, counting since %s\n", text(s, "version"), text(s, "dpdk"),
		number(s, "pid"), when);
	printf("generation %lld of the policy, %s\n", number(s, "generation"),
		json_is_true(json_object_get(s, "settled")) ? "in force on every worker"
							    : "not yet in force on every worker");
	if (text(s, "cluster_state")[0])
		printf("host %s, %s; the cluster is at generation %lld\n", text(s, "host"),
			json_is_true(json_object_get(s, "fenced"))	     ? "which HAS LOST THE CLUSTER"
			: json_is_true(json_object_get(s, "cluster_synced")) ? "in step with the cluster"
									     : "NOT IN STEP with the cluster",
			number(s, "cluster_generation"));
	if (text(s, "refused")[0])
		printf("this host refuses: %s\n", text(s, "refused"));
	if (text(s, "cluster_trouble")[0])
		printf("trouble: %s\n", text(s, "cluster_trouble"));
	printf("%lld workers, %lld networks, %lld ports, %lld of them connected\n", number(s, "workers"),
		number(s, "networks"), number(s, "ports"), number(s, "ports_up"));
	if (number(s, "ports_failed"))
		printf("%lld ports could not be opened; weftd tries again, and 'weftctl port show NAME' says why\n",
			number(s, "ports_failed"));
}

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
	if (json_is_true(json_object_get(json_object_get(port, "offload"), "possible")))
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
print_workers(const json_t *workers)
{
	size_t i, k;
	json_t *w, *stage;

	json_array_foreach (workers, i, w) {
		double busy = number(w, "busy_cycles"), idle = number(w, "idle_cycles");

		printf("worker %lld on CPU %lld: %lld ports, %.1f %% busy, %lld packets, %.1f per batch, %.0f cycles "
		       "per packet "
		       "(read %.0f, write %.0f)\n",
			number(w, "worker"), number(w, "cpu"), number(w, "ports"),
			busy + idle > 0 ? 100 * busy / (busy + idle) : 0, number(w, "packets"),
			number(w, "batches") ? (double)number(w, "packets") / number(w, "batches") : 0,
			json_real_value(json_object_get(w, "cycles_per_packet")),
			json_real_value(json_object_get(w, "rx_cycles_per_packet")),
			json_real_value(json_object_get(w, "tx_cycles_per_packet")));
		printf("  slept %lld times, %.0f us on average, %.0f us at most: so long may a first packet have "
		       "waited\n",
			number(w, "sleeps"), json_real_value(json_object_get(w, "mean_sleep_us")),
			json_real_value(json_object_get(w, "longest_sleep_us")));
		printf("  %-10s %14s %14s %18s\n", "STAGE", "VECTORS", "PACKETS", "CYCLES PER PACKET");
		json_array_foreach (json_object_get(w, "stages"), k, stage)
			printf("  %-10s %14lld %14lld %18.1f\n", text(stage, "stage"), number(stage, "vectors"),
				number(stage, "packets"), json_real_value(json_object_get(stage, "cycles_per_packet")));
	}
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

static void
print_audit_row(const json_t *row)
{
	printf("%-28s %14lld %10lld %14lld %10lld %12lld %6lld %8lld\n", text(row, "port"), number(row, "rx"),
		number(row, "created"), number(row, "sent"), number(row, "taken"), number(row, "dropped"),
		number(row, "held"), number(row, "missing"));
}

void
print_audit(const json_t *audit)
{
	size_t i;
	json_t *row;

	printf("%-28s %14s %10s %14s %10s %12s %6s %8s\n", "FROM PORT", "RX", "+ CREATED", "= SENT", "+ TAKEN",
		"+ DROPPED", "+ HELD", "MISSING");
	json_array_foreach (json_object_get(audit, "ports"), i, row)
		print_audit_row(row);
	print_audit_row(audit);
	printf("%s\n", json_is_true(json_object_get(audit, "balanced"))
			       ? "balanced: every packet is accounted for"
			       : "NOT BALANCED: packets are missing; please report this as a bug");
}

void
print_explain(const json_t *explain)
{
	size_t i;
	json_t *step;

	printf("%lld bytes from port %s:\n", number(explain, "length"), text(explain, "port"));
	json_array_foreach (json_object_get(explain, "steps"), i, step)
		printf("  %-8s %s\n", text(step, "stage"), text(step, "decision"));
	printf("%s", text(explain, "verdict"));
	if (text(explain, "drop")[0])
		printf(": %s", text(explain, "drop"));
	else
		printf(" to %lld port(s)", number(explain, "outputs"));
	putchar('\n');
}

void
print_fdb(const json_t *fdb)
{
	size_t i;
	json_t *row;

	printf("%-18s %-28s %-28s %6s\n", "MAC", "NETWORK", "PORT", "AGE S");
	json_array_foreach (fdb, i, row)
		printf("%-18s %-28s %-28s %6lld\n", text(row, "mac"), text(row, "domain"), text(row, "port"),
			number(row, "age_s"));
}

static const char *
yes(const json_t *row, const char *field)
{
	return json_is_true(json_object_get(row, field)) ? "yes" : "no";
}

void
print_uplinks(const json_t *uplinks)
{
	static const char *const names[] = { "tunnel", "fragments", "vlan", "to_kernel", "denied" };
	size_t i;
	json_t *row;

	printf("%-24s %-36s %-8s %-6s %12s %12s %12s %12s %12s\n", "PORT", "DEVICE", "IN USE", "SHARED", "TUNNEL",
		"FRAGMENTS", "VLAN", "TO KERNEL", "DENIED");
	json_array_foreach (uplinks, i, row) {
		const json_t *counts = json_object_get(row, "counts");

		printf("%-24s %-36s %-8s %-6s", text(row, "port"), text(row, "device"), yes(row, "in_use"),
			yes(row, "shared"));
		for (unsigned int k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			if (counts)
				printf(" %12lld", number(json_object_get(counts, names[k]), "packets"));
			else
				printf(" %12s", "-");
		}
		putchar('\n');
	}
}

static const json_t *
find(const json_t *ports, const char *name)
{
	size_t i;
	json_t *port;

	json_array_foreach (ports, i, port)
		if (strcmp(text(port, "name"), name) == 0)
			return port;
	return NULL;
}

void
print_top(const json_t *before, const json_t *after, double seconds)
{
	size_t i;
	json_t *port;

	printf("%-28s %-6s %12s %12s %12s %12s %12s\n", "PORT", "LINK", "RX P/S", "RX MBIT/S", "TX P/S", "TX MBIT/S",
		"DROPPED/S");
	json_array_foreach (after, i, port) {
		const json_t *was = find(before, text(port, "name")), *a = json_object_get(port, "counters");
		const json_t *b = json_object_get(was, "counters");

		printf("%-28s %-6s %12.0f %12.2f %12.0f %12.2f %12.0f\n", text(port, "name"), text(port, "link"),
			(number(a, "rx_packets") - number(b, "rx_packets")) / seconds,
			(number(a, "rx_bytes") - number(b, "rx_bytes")) * 8 / seconds / 1e6,
			(number(a, "tx_packets") - number(b, "tx_packets")) / seconds,
			(number(a, "tx_bytes") - number(b, "tx_bytes")) * 8 / seconds / 1e6,
			(number(a, "dropped") - number(b, "dropped")) / seconds);
	}
}
