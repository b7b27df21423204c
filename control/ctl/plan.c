// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Data plans.
#include "plan.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "client.h"
#include "object.h"
#include "print_plan.h"

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
add(int argc, char **argv)
{
	static const char *const fields[] = { "rate", "rate", "burst", "burst", "pps", "pps" };
	static const char *const others[] = { "min_rate", "weight", "dscp" };
	json_t *plan = json_object(), *ways[2] = { json_object(), json_object() };
	int which, c;

	if (argc < 2)
		return USAGE;
	while ((c = getopt_long(argc - 1, argv + 1, "", plan_options, &which)) != -1) {
		if (c == '?' || optind > argc - 1)
			return USAGE;
		if (which < 6)
			json_object_set_new(ways[which % 2], fields[which], object_typed(optarg));
		else
			json_object_set_new(plan, others[which - 6], object_typed(optarg));
	}
	if (optind != argc - 1)
		return USAGE;
	json_object_set_new(plan, "from_vm", ways[0]);
	json_object_set_new(plan, "to_vm", ways[1]);
	return object_apply("plans", argv[1], plan);
}

static int
show(int argc, char **argv)
{
	const char *only = argc == 2 ? argv[1] : NULL;
	json_t *before, *after;
	int code;

	if (argc > 2)
		return USAGE;
	before = client_call("plans", NULL, &code);
	if (before == NULL)
		return code;
	sleep(1);
	after = client_call("plans", NULL, &code);
	code = after ? DONE : code;
	if (after && ctl_json)
		ctl_print(after, NULL);
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

static int
del(int argc, char **argv)
{
	return argc == 2 ? object_apply("plans", argv[1], json_null()) : USAGE;
}

static const struct ctl_command commands[] = {
	{ "add", "NAME [OPTIONS]", .help = "make a data plan, or replace it", .run = add,
		.notes = "  [--from-vm RATE] [--to-vm RATE] [--burst-from-vm BYTES] [--burst-to-vm BYTES]\n"
			 "  [--pps-from-vm N] [--pps-to-vm N] [--min-rate RATE] [--weight N] [--dscp N]\n"
			 "RATE is in bits per second, with a unit: 500k, 10M, 2.5G.\n" },
	{ "del", "NAME", .help = "remove a data plan", .run = del },
	{ "show", "[PLAN | PORT]", .help = "measure for a second what each port gets of its plan", .run = show },
	{ 0 },
};

const struct ctl_command plan_commands[] = {
	{ "plan", .help = "data plans, and what ports get of theirs", .commands = commands },
	{ 0 },
};
