// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Data plans.
#include "plan.h"

#include <stdio.h>
#include <unistd.h>

#include "client.h"
#include "object.h"
#include "option.h"
#include "print_plan.h"

static int
add(int argc, char **argv)
{
	return option_add("plan", "plans", json_pack("{s:{}, s:{}}", "from_vm", "to_vm"), argc, argv);
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
			"weftctl: no port %s on this host has a plan or a tenant's rate, and no port has a plan %s; see "
			"'weftctl plan show'\n",
			only, only);
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
	{ "add", "NAME [OPTIONS]", .help = "make a data plan, or replace it", .run = add, .object = "plan" },
	{ "del", "NAME", .help = "remove a data plan", .run = del },
	{ "show", "[PLAN | PORT]", .help = "measure for a second what each port gets of its plan", .run = show },
	{ 0 },
};

const struct ctl_command plan_commands[] = {
	{ "plan", .help = "data plans, and what ports get of them", .commands = commands },
	{ 0 },
};
