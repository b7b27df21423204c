// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Commands that read and write the policy.
#include "policy.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "object.h"
#include "print_policy.h"
#include "print_schema.h"
#include "result.h"

// SECONDS, as the user typed them, in milliseconds; -1 where they are no number.
static long
milliseconds(const char *seconds)
{
	char *end;
	double value = strtod(seconds, &end);

	return *seconds && *end == 0 && value >= 0 && value < 1e6 ? (long)(value * 1000) : -1;
}

// Copies the members of FROM into TO. Objects are joined down to DEPTH; below that, a member that TO has already is an
// error. Returns an exit code, having printed why.
static int
join(json_t *to, const json_t *from, unsigned int depth, const char *file)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)from, key, value) {
		json_t *there = json_object_get(to, key);

		if (there == NULL) {
			json_object_set(to, key, value);
		} else if (depth == 0 || !json_is_object(there) || !json_is_object(value)) {
			fprintf(stderr, "weftctl: %s: \"%s\" is in another file too\n", file, key);
			return REJECTED;
		} else if (join(there, value, depth - 1, file)) {
			return REJECTED;
		}
	}
	return DONE;
}

static json_t *
load(const char *file)
{
	json_error_t where;
	json_t *json = strcmp(file, "-") == 0 ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &where)
					      : json_load_file(file, JSON_REJECT_DUPLICATES, &where);

	if (json == NULL)
		fprintf(stderr, "weftctl: %s, line %d, column %d: %s\n", file, where.line, where.column, where.text);
	return json;
}

// Joins the files that ARGV names into POLICY, and sets the members of PARAMS that its options stand for. Returns an exit
// code.
static int
parse_apply(int argc, char **argv, json_t *policy, json_t *params)
{
	bool any = false;
	int ret = DONE;

	for (int i = 1; ret == DONE && i < argc; i++) {
		json_t *json;

		if (strcmp(argv[i], "--dry-run") == 0) {
			json_object_set_new(params, "dry_run", json_true());
		} else if (strcmp(argv[i], "--prune") == 0) {
			json_object_set_new(params, "prune", json_true());
		} else if (strncmp(argv[i], "--wait", 6) == 0 && (argv[i][6] == 0 || argv[i][6] == '=')) {
			long ms = argv[i][6] ? milliseconds(argv[i] + 7) : 10000;

			if (ms < 0)
				return USAGE;
			json_object_set_new(params, "wait", json_true());
			json_object_set_new(params, "timeout_ms", json_integer(ms ? ms : 1));
		} else if (strcmp(argv[i], "-f")) {
			any = true;
			json = load(argv[i]);
			// Objects are three levels deep, below tenants, tenant and kind.
			ret = json ? join(policy, json, 3, argv[i]) : REJECTED;
			json_decref(json);
		}
	}
	return ret == DONE && !any ? USAGE : ret;
}

static int
apply(int argc, char **argv)
{
	json_t *params = json_object(), *policy = json_object();
	int ret = parse_apply(argc, argv, policy, params);

	json_object_set_new(params, "policy", policy);
	if (ret == DONE)
		return ctl_show("apply", params, print_changes);
	json_decref(params);
	return ret;
}

static int
diff(int argc, char **argv)
{
	json_t *params = json_object(), *policy = json_object();
	int ret = parse_apply(argc, argv, policy, params);

	json_object_set_new(params, "policy", policy);
	json_object_set_new(params, "dry_run", json_true());
	json_object_set_new(params, "diff", json_true());
	if (ret == DONE)
		return ctl_show("apply", params, print_diff);
	json_decref(params);
	return ret;
}

static int
get_objects(int argc, char **argv)
{
	json_t *params = json_object();

	if (argc > 3)
		return USAGE;
	if (argc > 1)
		json_object_set_new(params, "kind", json_string(argv[1]));
	if (argc > 2)
		json_object_set_new(params, "name", json_string(argv[2]));
	return ctl_show("get", params, NULL);
}

// The value that the user typed: JSON if it is JSON, else a string. No text is null, which removes a field.
static json_t *
value_of(const char *text)
{
	json_t *value = *text ? json_loads(text, JSON_DECODE_ANY, NULL) : json_null();

	return value ? value : json_string(text);
}

static int
set_fields(int argc, char **argv)
{
	json_t *patch = json_object();
	int i;

	for (i = 3; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (equals == NULL)
			break;
		*equals = 0;
		object_set(patch, argv[i], value_of(equals + 1));
		*equals = '=';
	}
	if (argc > 3 && i == argc)
		return ctl_show("set", json_pack("{s:s, s:s, s:o}", "kind", argv[1], "name", argv[2], "patch", patch),
			print_changes);
	json_decref(patch);
	return USAGE;
}

static int
delete_object(int argc, char **argv)
{
	if (argc != 3)
		return USAGE;
	return ctl_show("delete", json_pack("{s:s, s:s}", "kind", argv[1], "name", argv[2]), print_changes);
}

static int
wait_for_hosts(int argc, char **argv)
{
	json_t *params = json_object();
	const char *text = argc > 1 ? argv[1] : "0";
	char *end;
	long ms = argc > 2 ? milliseconds(argv[2]) : 10000;

	json_object_set_new(params, "generation", json_integer(strtoll(text, &end, 10)));
	json_object_set_new(params, "timeout_ms", json_integer(ms ? ms : 1));
	if (argc <= 3 && isdigit((unsigned char)*text) && *end == 0 && ms >= 0)
		return ctl_show("wait", params, print_generation);
	json_decref(params);
	return USAGE;
}

static int
undo(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : "0";
	char *end;
	long long generation = strtoll(text, &end, 10);

	if (argc > 2 || !isdigit((unsigned char)*text) || *end)
		return USAGE;
	return ctl_show("undo", json_pack("{s:I}", "generation", (json_int_t)generation), print_changes);
}

static int
retire(int argc, char **argv)
{
	bool bar = argc == 4 && strcmp(argv[2], "--bar") == 0;
	json_t *params;

	if ((argc != 2 && !bar) || (bar && !isdigit((unsigned char)*argv[3])))
		return USAGE;
	params = json_pack("{s:s}", "name", argv[1]);
	if (bar)
		json_object_set_new(params, "bar_s", json_integer(strtoll(argv[3], NULL, 10)));
	return ctl_show("retire", params, print_changes);
}

// Adds to the row of each host in HOSTS what this host knows of the tunnel to it. A host without a row gets one.
static void
add_tunnels(json_t *hosts, const json_t *tunnels)
{
	size_t i, k;
	json_t *tunnel, *row;

	json_array_foreach (json_object_get(tunnels, "hosts"), i, tunnel) {
		json_array_foreach (hosts, k, row)
			if (strcmp(text(row, "host"), text(tunnel, "host")) == 0)
				break;
		if (k == json_array_size(hosts))
			json_array_append_new(
				hosts, json_pack("{s:s, s:s}", "host", text(tunnel, "host"), "state", "-"));
		json_object_set(json_array_get(hosts, k), "tunnel", tunnel);
	}
}

static int
list_hosts(int argc, char **argv)
{
	int code;
	json_t *hosts, *tunnels;

	(void)argv;
	if (argc != 1)
		return USAGE;
	hosts = client_call("wait", json_pack("{s:i}", "generation", 0), &code);
	if (hosts == NULL)
		return code;
	tunnels = client_call("tunnels", NULL, &code);
	if (tunnels) {
		add_tunnels(json_object_get(hosts, "hosts"), tunnels);
		json_object_set(hosts, "uplinks", json_object_get(tunnels, "uplinks"));
		json_object_set(hosts, "stamps", json_object_get(tunnels, "stamps"));
	}
	ctl_print(hosts, print_generation);
	json_decref(hosts);
	json_decref(tunnels);
	return tunnels ? DONE : code;
}

static const char apply_notes[] =
	"  -f FILE           JSON; - is the standard input\n"
	"  --dry-run         only show what would change\n"
	"  --wait[=SECONDS]  wait until every host applies it, at most SECONDS (10)\n"
	"  --prune           of the tenants in the files, remove what the files do not have\n";

const struct ctl_command policy_commands[] = {
	{ "apply", "-f FILE... [OPTIONS]", .help = "make the objects in the files part of the policy, all or none",
		.notes = apply_notes, .run = apply },
	{ "diff", "-f FILE...", .help = "show what apply would change", .run = diff,
		.notes = "  -f FILE  JSON; - is the standard input\n" },
	{ "get", "[KIND [NAME]]", .help = "print the policy as JSON, in the form that apply takes; or one object",
		.run = get_objects },
	{ "set", "KIND NAME FIELD=VALUE...",
		.help = "change fields of an object; FIELD.SUB=VALUE, and FIELD= removes a field", .run = set_fields },
	{ "delete", "KIND NAME", .help = "remove an object", .run = delete_object },
	{ "explain-object", "[KIND]", .help = "show the fields of a kind of object", .method = "schema",
		.param = "kind", .print = print_schema },
	{ "wait", "[GENERATION [SECONDS]]",
		.help = "wait until every host applies it, and name the hosts that are late", .run = wait_for_hosts },
	{ "generations", .help = "show who changed what and when", .method = "generations",
		.print = print_generations },
	{ "undo", "[GENERATION]", .help = "take back the changes of the latest generation, or of that one",
		.run = undo },
	{ "hosts", .help = "show the hosts of the cluster and the generations that they apply", .run = list_hosts },
	{ "where", "NAME|MAC|IP", .help = "show the host, the port and the generation", .method = "where",
		.param = "what", .print = print_where },
	{ "retire", "PORT [--bar SECONDS]",
		.help = "close a port on every host for good, and bar its addresses from other ports", .run = retire },
	{ 0 },
};
