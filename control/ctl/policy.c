// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reading and writing the policy.
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static const char apply_usage[] = "usage: weftctl apply -f FILE... [--dry-run] [--wait[=SECONDS]] [--prune]\n"
				  "  --dry-run  only say what would change\n"
				  "  --wait     until every host applies it, at most SECONDS (10)\n"
				  "  --prune    remove what is not in the files, of the tenants that they name\n"
				  "FILE is JSON, - is the standard input.\n";

// The number of milliseconds in SECONDS; -1: it is no number.
static long
milliseconds(const char *seconds)
{
	char *end;
	double value = strtod(seconds, &end);

	return *seconds && *end == 0 && value >= 0 && value < 1e6 ? (long)(value * 1000) : -1;
}

// Copies the objects of one bundle into another; the same object in two files is an error.
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
			fprintf(stderr, "weftctl: %s: \"%s\" stands in another file too\n", file, key);
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

// Joins the files in ARGV; sets flags in PARAMS. Returns an exit code.
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
				return usage(apply_usage);
			json_object_set_new(params, "wait", json_true());
			json_object_set_new(params, "timeout_ms", json_integer(ms ? ms : 1));
		} else if (strcmp(argv[i], "-f")) {
			any = true;
			json = load(argv[i]);
			// The objects stand three levels deep: tenants, tenant, kind.
			ret = json ? join(policy, json, 3, argv[i]) : REJECTED;
			json_decref(json);
		}
	}
	return ret == DONE && !any ? usage(apply_usage) : ret;
}

// Runs a method whose result may say that hosts are late.
static int
run(const char *method, json_t *params, void (*print)(const json_t *result))
{
	int code;
	json_t *result = call(method, params, &code);

	if (result == NULL)
		return code;
	(options.json ? print_json : print)(result);
	code = json_is_true(json_object_get(result, "late")) ? LATE : DONE;
	json_decref(result);
	return code;
}

static int
cmd_apply(int argc, char **argv)
{
	json_t *params = json_object(), *policy = json_object();
	int ret = parse_apply(argc, argv, policy, params);

	json_object_set_new(params, "policy", policy);
	if (ret == DONE)
		return run("apply", params, print_changes);
	json_decref(params);
	return ret;
}

static int
cmd_diff(int argc, char **argv)
{
	json_t *params = json_object(), *policy = json_object();
	int ret = parse_apply(argc, argv, policy, params);

	json_object_set_new(params, "policy", policy);
	json_object_set_new(params, "dry_run", json_true());
	json_object_set_new(params, "diff", json_true());
	if (ret == DONE)
		return run("apply", params, print_diff);
	json_decref(params);
	return ret;
}

static int
cmd_get(int argc, char **argv)
{
	json_t *params = json_object();

	if (argc > 3)
		return usage("usage: weftctl get [KIND [NAME]]\n");
	if (argc > 1)
		json_object_set_new(params, "kind", json_string(argv[1]));
	if (argc > 2)
		json_object_set_new(params, "name", json_string(argv[2]));
	return show("get", params, print_json);
}

// What was typed as a value: JSON where it is some, else a string; nothing: null.
static json_t *
value_of(const char *text)
{
	json_t *value = *text ? json_loads(text, JSON_DECODE_ANY, NULL) : json_null();

	return value ? value : json_string(text);
}

static int
cmd_set(int argc, char **argv)
{
	json_t *patch = json_object();

	for (int i = 3; i < argc; i++) {
		char *equals = strchr(argv[i], '='), *dot = strchr(argv[i], '.');
		json_t *to = patch;

		if (equals == NULL) {
			json_decref(patch);
			return usage("usage: weftctl set KIND NAME FIELD=VALUE...\n");
		}
		*equals = 0;
		if (dot && dot < equals) {
			*dot = 0;
			if (json_object_get(patch, argv[i]) == NULL)
				json_object_set_new(patch, argv[i], json_object());
			to = json_object_get(patch, argv[i]);
		}
		json_object_set_new(to, to == patch ? argv[i] : dot + 1, value_of(equals + 1));
	}
	if (json_object_size(patch) == 0) {
		json_decref(patch);
		return usage("usage: weftctl set KIND NAME FIELD=VALUE...\n");
	}
	return run(
		"set", json_pack("{s:s, s:s, s:o}", "kind", argv[1], "name", argv[2], "patch", patch), print_changes);
}

static int
cmd_delete(int argc, char **argv)
{
	if (argc != 3)
		return usage("usage: weftctl delete KIND NAME\n");
	return run("delete", json_pack("{s:s, s:s}", "kind", argv[1], "name", argv[2]), print_changes);
}

static int
cmd_wait(int argc, char **argv)
{
	json_t *params = json_object();
	const char *text = argc > 1 ? argv[1] : "0";
	char *end;
	long ms = argc > 2 ? milliseconds(argv[2]) : 10000;

	json_object_set_new(params, "generation", json_integer(strtoll(text, &end, 10)));
	json_object_set_new(params, "timeout_ms", json_integer(ms ? ms : 1));
	if (argc <= 3 && isdigit((unsigned char)*text) && *end == 0 && ms >= 0)
		return run("wait", params, print_generation);
	json_decref(params);
	return usage("usage: weftctl wait [GENERATION [SECONDS]]\n");
}

static int
cmd_undo(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : "0";
	char *end;
	long long generation = strtoll(text, &end, 10);

	if (argc > 2 || !isdigit((unsigned char)*text) || *end)
		return usage("usage: weftctl undo [GENERATION]\n");
	return run("undo", json_pack("{s:I}", "generation", (json_int_t)generation), print_changes);
}

static int
cmd_retire(int argc, char **argv)
{
	bool bar = argc == 4 && strcmp(argv[2], "--bar") == 0;
	json_t *params;

	if ((argc != 2 && !bar) || (bar && !isdigit((unsigned char)*argv[3])))
		return usage("usage: weftctl retire PORT [--bar SECONDS]\n");
	params = json_pack("{s:s}", "name", argv[1]);
	if (bar)
		json_object_set_new(params, "bar_s", json_integer(strtoll(argv[3], NULL, 10)));
	return run("retire", params, print_changes);
}

static int
cmd_where(int argc, char **argv)
{
	return argc == 2 ? show("where", json_pack("{s:s}", "what", argv[1]), print_where)
			 : usage("usage: weftctl where NAME|MAC|IP\n");
}

static int
cmd_explain_object(int argc, char **argv)
{
	if (argc > 2)
		return usage("usage: weftctl explain-object [KIND]\n");
	return show("schema", argc == 2 ? json_pack("{s:s}", "kind", argv[1]) : NULL, print_schema);
}

// Adds to the rows of HOSTS, by name, what this host's tunnels know of them.
static void
add_tunnels(json_t *hosts, const json_t *tunnels)
{
	size_t i, k;
	json_t *way, *row;

	json_array_foreach (json_object_get(tunnels, "hosts"), i, way) {
		json_array_foreach (hosts, k, row)
			if (strcmp(text(row, "host"), text(way, "host")) == 0)
				break;
		if (k == json_array_size(hosts))
			json_array_append_new(hosts, json_pack("{s:s, s:s}", "host", text(way, "host"), "state", "-"));
		json_object_set(json_array_get(hosts, k), "tunnel", way);
	}
}

static int
cmd_hosts(int argc, char **argv)
{
	int code;
	json_t *hosts, *tunnels;

	(void)argv;
	if (argc != 1)
		return usage("usage: weftctl hosts\n");
	hosts = call("wait", json_pack("{s:i}", "generation", 0), &code);
	if (hosts == NULL)
		return code;
	tunnels = call("tunnels", NULL, &code);
	if (tunnels) {
		add_tunnels(json_object_get(hosts, "hosts"), tunnels);
		json_object_set(hosts, "uplinks", json_object_get(tunnels, "uplinks"));
		json_object_set(hosts, "stamps", json_object_get(tunnels, "stamps"));
	}
	(options.json ? print_json : print_generation)(hosts);
	json_decref(hosts);
	json_decref(tunnels);
	return tunnels ? DONE : code;
}

static int
cmd_generations(int argc, char **argv)
{
	(void)argv;
	return argc == 1 ? show("generations", NULL, print_generations) : usage("usage: weftctl generations\n");
}

bool
cmd_policy(int argc, char **argv, int *code)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = { { "apply", cmd_apply }, { "diff", cmd_diff }, { "get", cmd_get }, { "set", cmd_set },
		{ "delete", cmd_delete }, { "wait", cmd_wait }, { "undo", cmd_undo }, { "retire", cmd_retire },
		{ "where", cmd_where }, { "explain-object", cmd_explain_object }, { "hosts", cmd_hosts },
		{ "generations", cmd_generations } };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, argv[0]))
			continue;
		*code = commands[i].run(argc, argv);
		return true;
	}
	return false;
}
