// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// "weftctl plan ...": a data plan in one command, and what it does.
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

static const char plan_usage[] =
	"usage: weftctl plan add [TENANT/]PLAN [--from-vm RATE] [--to-vm RATE] "
	"[--burst-from-vm BYTES] [--burst-to-vm BYTES]\n"
	"                [--pps-from-vm N] [--pps-to-vm N] [--min-rate RATE] [--weight N] [--dscp N]\n"
	"       weftctl plan del [TENANT/]PLAN\n"
	"       weftctl plan show [[TENANT/]PLAN | PORT]\n"
	"RATE is in bits per second, with a unit: 500k, 10M, 2.5G.\n"
	"'plan show' looks for a second, and says what each port gets of its plan.\n";

static const struct option plan_options[] = {
	{ "from-vm", required_argument, NULL, 0 },
	{ "to-vm", required_argument, NULL, 0 },
	{ "burst-from-vm", required_argument, NULL, 0 },
	{ "burst-to-vm", required_argument, NULL, 0 },
	{ "pps-from-vm", required_argument, NULL, 0 },
	{ "pps-to-vm", required_argument, NULL, 0 },
	{ "min-rate", required_argument, NULL, 0 },
	{ "weight", required_argument, NULL, 0 },
	{ "dscp", required_argument, NULL, 0 },
	{ 0 },
};

static int
add_plan(int argc, char **argv)
{
	static const char *const fields[] = { "rate", "rate", "burst", "burst", "pps", "pps" };
	static const char *const others[] = { "min_rate", "weight", "dscp" };
	json_t *plan = json_object(), *ways[2] = { json_object(), json_object() };
	int which, c;

	while ((c = getopt_long(argc, argv, "", plan_options, &which)) != -1) {
		if (c == '?' || optind > argc)
			return usage(plan_usage);
		if (which < 6)
			json_object_set_new(ways[which % 2], fields[which], typed(optarg));
		else
			json_object_set_new(plan, others[which - 6], typed(optarg));
	}
	if (optind != argc)
		return usage(plan_usage);
	json_object_set_new(plan, "from_vm", ways[0]);
	json_object_set_new(plan, "to_vm", ways[1]);
	return apply("plans", argv[0], plan);
}

// The row of RESULT's LIST whose FIELD is NAME.
static const json_t *
find(const json_t *result, const char *list, const char *field, const char *name)
{
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(result, list), i, row)
		if (strcmp(text(row, field), name) == 0)
			return row;
	return NULL;
}

// A rate with a unit.
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

// What a port got in one direction; from a VM, for how much of the time it was held back, and by which limit.
static void
print_way(const json_t *row, const char *name, const json_t *before, const json_t *after, double seconds)
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

// Whether NAME, which may do without its tenant, is ONLY; or all are wanted.
static bool
is_wanted(const char *name, const char *only)
{
	static const char tenant[] = "default/";

	return only == NULL || strcmp(name, only) == 0 ||
	       (strncmp(name, tenant, sizeof(tenant) - 1) == 0 && strcmp(name + sizeof(tenant) - 1, only) == 0);
}

// Tenants with a rate: what this host may use of it, and does.
static void
print_tenants(const json_t *before, const json_t *after, double seconds)
{
	char limit[32], here[32], isolated[32], got[32];
	json_t *row;
	size_t i;

	if (json_array_size(json_object_get(after, "tenants")))
		printf("\n%-26s %8s %9s %9s %16s\n", "TENANT", "BIT/S", "HERE", "GETS", "WITHOUT CLUSTER");
	json_array_foreach (json_object_get(after, "tenants"), i, row) {
		const json_t *was = find(before, "tenants", "tenant", text(row, "tenant"));

		printf("%-26s %8s %9s %9s %16s\n", text(row, "tenant"), rate((double)number(row, "rate"), limit),
			rate((double)number(row, "here"), here),
			rate((double)(number(row, "bytes") - number(was, "bytes")) * 8 / seconds, got),
			rate((double)number(row, "isolated"), isolated));
	}
}

// The uplink that ports share.
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
		"HELD", "WAIT MS", "MOST MS", "MARKED", "DROPPED");
	json_array_foreach (json_object_get(after, "ports"), i, row) {
		const json_t *was = find(before, "ports", "port", text(row, "port"));

		if (!is_wanted(text(row, "port"), only) && !is_wanted(text(row, "plan"), only))
			continue;
		found = true;
		print_way(row, "from vm", json_object_get(was, "from_vm"), json_object_get(row, "from_vm"), seconds);
		print_way(row, "to vm", json_object_get(was, "to_vm"), json_object_get(row, "to_vm"), seconds);
	}
	if (only == NULL) {
		print_tenants(before, after, seconds);
		print_uplink(before, after, seconds);
	}
	return found;
}

static int
show_plans(const char *only)
{
	int code;
	json_t *before = call("plans", NULL, &code), *after;

	if (before == NULL)
		return code;
	sleep(1);
	after = call("plans", NULL, &code);
	code = after ? DONE : code;
	if (after && options.json)
		print_json(after);
	else if (after && !print_plans(before, after, only)) {
		fprintf(stderr,
			"weftctl: no port of this host is or has %s, with a plan or a tenant's rate; see 'weftctl plan "
			"show'\n",
			only);
		code = REJECTED;
	}
	json_decref(before);
	json_decref(after);
	return code;
}

int
cmd_plan(int argc, char **argv)
{
	if (argc >= 2 && argc <= 3 && strcmp(argv[1], "show") == 0)
		return show_plans(argc == 3 ? argv[2] : NULL);
	if (argc == 3 && strcmp(argv[1], "del") == 0)
		return apply("plans", argv[2], json_null());
	if (argc >= 3 && strcmp(argv[1], "add") == 0)
		return add_plan(argc - 2, argv + 2);
	return usage(plan_usage);
}
