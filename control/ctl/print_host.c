// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Prints the state of this host.
#include "print_host.h"

#include <stdio.h>
#include <time.h>

#include "result.h"

void
print_status(const json_t *s)
{
	time_t started = number(s, "started_us") / 1000000;
	char when[64];

	strftime(when, sizeof(when), "%F %T %z", localtime(&started));
	printf("weftd %s, DPDK %s, pid %lld, counting since %s\n", text(s, "version"), text(s, "dpdk"),
		number(s, "pid"), when);
	printf("generation %lld of the policy, %s\n", number(s, "generation"),
		flag(s, "settled") ? "in force on every worker" : "not yet in force on every worker");
	if (text(s, "cluster_state")[0])
		printf("host %s, %s; the cluster is at generation %lld\n", text(s, "host"),
			flag(s, "fenced")	    ? "HAS LOST THE CLUSTER"
			: flag(s, "cluster_synced") ? "in step with the cluster"
						    : "NOT IN STEP with the cluster",
			number(s, "cluster_generation"));
	if (text(s, "refused")[0])
		printf("this host refuses the cluster's policy: %s\n", text(s, "refused"));
	if (text(s, "cluster_trouble")[0])
		printf("error: %s\n", text(s, "cluster_trouble"));
	printf("%lld workers, %lld networks, %lld ports, %lld of them connected\n", number(s, "workers"),
		number(s, "networks"), number(s, "ports"), number(s, "ports_up"));
	if (number(s, "ports_failed"))
		printf("%lld ports cannot be opened; weftd tries again, and 'weftctl port show NAME' shows the error\n",
			number(s, "ports_failed"));
	if (number(s, "clients_ended"))
		printf("%lld clients of weftd's socket were ended because they cost too much: event=client-ended in the log "
		       "names them\n",
			number(s, "clients_ended"));
}

void
print_workers(const json_t *workers)
{
	size_t i, k;
	json_t *w, *stage;

	json_array_foreach (workers, i, w) {
		double busy = number(w, "busy_cycles"), idle = number(w, "idle_cycles");

		printf("worker %lld on CPU %lld: %lld ports, %.1f %% busy, %lld packets, %.1f per batch, %.0f cycles "
		       "per packet (read %.0f, write %.0f)\n",
			number(w, "worker"), number(w, "cpu"), number(w, "ports"),
			busy + idle > 0 ? 100 * busy / (busy + idle) : 0, number(w, "packets"),
			number(w, "batches") ? (double)number(w, "packets") / number(w, "batches") : 0,
			json_real_value(json_object_get(w, "cycles_per_packet")),
			json_real_value(json_object_get(w, "rx_cycles_per_packet")),
			json_real_value(json_object_get(w, "tx_cycles_per_packet")));
		printf("  slept %lld times, %.0f us on average, %.0f us at most: a packet that woke it may have waited "
		       "so long\n",
			number(w, "sleeps"), json_real_value(json_object_get(w, "mean_sleep_us")),
			json_real_value(json_object_get(w, "longest_sleep_us")));
		printf("  %-10s %14s %14s %18s\n", "STAGE", "VECTORS", "PACKETS", "CYCLES PER PACKET");
		json_array_foreach (json_object_get(w, "stages"), k, stage)
			printf("  %-10s %14lld %14lld %18.1f\n", text(stage, "stage"), number(stage, "vectors"),
				number(stage, "packets"), json_real_value(json_object_get(stage, "cycles_per_packet")));
	}
}

void
print_moved(const json_t *result)
{
	printf("%lld port(s) moved to another worker\n", number(result, "moved"));
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
	printf("%s\n", flag(audit, "balanced") ? "balanced: every packet is accounted for"
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

		printf("%-24s %-36s %-8s %-6s", text(row, "port"), text(row, "device"),
			flag(row, "in_use") ? "yes" : "no", flag(row, "shared") ? "yes" : "no");
		for (unsigned int k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			if (counts)
				printf(" %12lld", number(json_object_get(counts, names[k]), "packets"));
			else
				printf(" %12s", "-");
		}
		putchar('\n');
	}
}
