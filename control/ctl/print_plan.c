// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Prints how much ports get of their data plans.
#include "print_plan.h"

#include <stdio.h>
#include <string.h>

#include "result.h"

// BITS per second as text with a unit, in BUF.
static const char *
rate(double bits, char buf[32])
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	unsigned int unit = 0;

	for (; bits >= 1000 && unit < 4; unit++)
		bits /= 1000;
	snprintf(buf, 32, "%.4g%s", bits, units[unit]);
	return buf;
}

// Prints how much a port got in one direction. Frames from a VM wait in its queue: shows for how much of the time a
// limit stopped the port, and which one. Frames to a VM wait in weft: shows how long.
static void
print_direction(const json_t *row, const char *name, const json_t *before, const json_t *after, double seconds)
{
	double bits = (number(after, "bytes") - number(before, "bytes")) * 8 / seconds;
	double packets = (number(after, "packets") - number(before, "packets")) / seconds;
	double throttled = (number(after, "throttled_us") - number(before, "throttled_us")) / seconds / 1e4;
	double tenant = (number(after, "tenant_us") - number(before, "tenant_us")) / seconds / 1e4;
	double uplink = (number(after, "uplink_us") - number(before, "uplink_us")) / seconds / 1e4;
	char plan[32] = "-", got[32], pps[32] = "";

	if (number(after, "rate"))
		rate((double)number(after, "rate"), plan);
	if (number(after, "pps"))
		snprintf(pps, sizeof(pps), " %lldp/s", number(after, "pps"));
	printf("%-26s %-16s %-7s %8s%s %9s %9.0f", text(row, "port"), text(row, "plan"), name, plan, pps,
		rate(bits, got), packets);
	if (json_object_get(after, "throttled_us")) {
		printf(" %6.1f %% %s\n", throttled,
			throttled < 1		 ? ""
			: tenant * 2 > throttled ? "tenant"
			: uplink * 2 > throttled ? "uplink"
						 : "plan");
		return;
	}
	packets = (double)(number(after, "packets") - number(before, "packets"));
	printf("        %9.2f %9.2f %8lld %8lld\n",
		packets > 0 ? (number(after, "waited_us") - number(before, "waited_us")) / packets / 1e3 : 0.0,
		number(after, "longest_wait_us") / 1e3, number(after, "marked"), number(after, "dropped"));
}

// Whether NAME is ONLY, which may leave out the default tenant. NULL is every name.
static bool
is_wanted(const char *name, const char *only)
{
	static const char tenant[] = "default/";

	return only == NULL || strcmp(name, only) == 0 ||
	       (strncmp(name, tenant, sizeof(tenant) - 1) == 0 && strcmp(name + sizeof(tenant) - 1, only) == 0);
}

// Tenants with a rate: how much of it this host may use, and how much it uses.
static void
print_tenants(const json_t *before, const json_t *after, double seconds)
{
	char limit[32], here[32], isolated[32], got[32];
	json_t *row;
	size_t i;

	if (json_array_size(json_object_get(after, "tenants")))
		printf("\n%-26s %8s %9s %9s %16s\n", "TENANT", "BIT/S", "HERE", "GETS", "WITHOUT CLUSTER");
	json_array_foreach (json_object_get(after, "tenants"), i, row) {
		const json_t *was = find_row(json_object_get(before, "tenants"), "tenant", text(row, "tenant"));

		printf("%-26s %8s %9s %9s %16s\n", text(row, "tenant"), rate((double)number(row, "rate"), limit),
			rate((double)number(row, "here"), here),
			rate((double)(number(row, "bytes") - number(was, "bytes")) * 8 / seconds, got),
			rate((double)number(row, "isolated"), isolated));
	}
}

// The uplink whose rate the ports share.
static void
print_uplink(const json_t *before, const json_t *after, double seconds)
{
	const json_t *was = json_object_get(before, "uplink"), *is = json_object_get(after, "uplink");
	char limit[32], guaranteed[32], got[32];

	if (is == NULL)
		return;
	printf("\n%-26s %8s %9s %9s\n", "UPLINK", "BIT/S", "GETS", "GUARANTEED");
	printf("%-26s %8s %9s %9s\n", text(is, "port"), rate((double)number(is, "rate"), limit),
		rate((double)(number(is, "bytes") - number(was, "bytes")) * 8 / seconds, got),
		rate((double)number(is, "guaranteed"), guaranteed));
}

bool
print_plans(const json_t *before, const json_t *after, const char *only)
{
	bool found = only == NULL;
	double seconds = (number(after, "time_us") - number(before, "time_us")) / 1e6;
	json_t *row;
	size_t i;

	printf("%-26s %-16s %-7s %8s %9s %9s %8s %9s %9s %8s %8s\n", "PORT", "PLAN", "", "BIT/S", "GETS", "PACKETS",
		"LIMITED", "WAIT MS", "MAX MS", "MARKED", "DROPPED");
	json_array_foreach (json_object_get(after, "ports"), i, row) {
		const json_t *was = find_row(json_object_get(before, "ports"), "port", text(row, "port"));

		if (!is_wanted(text(row, "port"), only) && !is_wanted(text(row, "plan"), only))
			continue;
		found = true;
		print_direction(
			row, "from vm", json_object_get(was, "from_vm"), json_object_get(row, "from_vm"), seconds);
		print_direction(row, "to vm", json_object_get(was, "to_vm"), json_object_get(row, "to_vm"), seconds);
	}
	if (only == NULL) {
		print_tenants(before, after, seconds);
		print_uplink(before, after, seconds);
	}
	return found;
}
