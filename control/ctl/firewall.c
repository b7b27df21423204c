// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Groups of ports, their rules, and connections.
#include "firewall.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "object.h"
#include "option.h"
#include "print_firewall.h"
#include "result.h"

static const struct option session_options[] = {
	{ "port", required_argument, NULL, 's' },
	{ "address", required_argument, NULL, 's' },
	{ "state", required_argument, NULL, 's' },
	{ "limit", required_argument, NULL, 'n' },
	{ "all", no_argument, NULL, 'a' },
	{ 0 },
};

static void
print_killed(const json_t *result)
{
	printf("%lld connection(s) removed\n", number(result, "killed"));
}

// Calls METHOD with the filters in ARGV.
static int
run_sessions(const char *method, int argc, char **argv, void (*print)(const json_t *result))
{
	static char program[] = "weftctl";
	json_t *params = json_object();
	int c, which = 0;

	// getopt_long() puts this name before its errors.
	argv[0] = program;
	while ((c = getopt_long(argc, argv, "", session_options, &which)) != -1) {
		if (c == 's')
			json_object_set_new(params, session_options[which].name, json_string(optarg));
		else if (c == 'n')
			json_object_set_new(params, "limit", json_integer(strtoll(optarg, NULL, 10)));
		else if (c == 'a')
			json_object_set_new(params, "all", json_true());
		else
			argc = -1;
	}
	if (optind == argc)
		return ctl_show(method, params, print);
	json_decref(params);
	return USAGE;
}

static int
session_list(int argc, char **argv)
{
	return run_sessions("sessions", argc, argv, print_sessions);
}

static int
session_show(int argc, char **argv)
{
	return run_sessions("sessions", argc, argv, print_sessions_whole);
}

static int
session_count(int argc, char **argv)
{
	return run_sessions("session_counts", argc, argv, print_session_counts);
}

static int
session_kill(int argc, char **argv)
{
	return run_sessions("kill_sessions", argc, argv, print_killed);
}

// The group NAME as it is now. On an error it prints why, sets CODE and returns NULL.
static json_t *
get_group(const char *name, int *code)
{
	return client_call("get", json_pack("{s:s, s:s}", "kind", "group", "name", name), code);
}

static int
rule_add(int argc, char **argv)
{
	json_t *rule, *group;
	int code;

	if (argc < 4)
		return USAGE;
	rule = json_pack("{s:s, s:s}", "direction", argv[2], "action", argv[3]);
	code = option_parse("rule", rule, argc - 4, argv + 4);
	group = code == DONE ? get_group(argv[1], &code) : NULL;
	if (group == NULL) {
		json_decref(rule);
		return code;
	}
	json_array_append_new(json_object_get(group, "rules"), rule);
	return object_apply("groups", argv[1], group);
}

static int
rule_del(int argc, char **argv)
{
	const char *name = argc == 3 ? argv[1] : NULL, *rule = argc == 3 ? argv[2] : NULL;
	json_t *group, *rules;
	size_t n, i = 0;
	int code;

	if (argc != 3)
		return USAGE;
	group = get_group(name, &code);
	if (group == NULL)
		return code;
	rules = json_object_get(group, "rules");
	n = json_array_size(rules);
	while (i < json_array_size(rules)) {
		const char *known = json_string_value(json_object_get(json_array_get(rules, i), "name"));

		if (known && strcmp(known, rule) == 0)
			json_array_remove(rules, i);
		else
			i++;
	}
	if (n != json_array_size(rules))
		return object_apply("groups", name, group);
	fprintf(stderr, "weftctl: group %s has no rule with the name \"%s\"\n", name, rule);
	json_decref(group);
	return REJECTED;
}

static int
group_add(int argc, char **argv)
{
	return option_add("group", "groups", json_object(), argc, argv);
}

static int
group_del(int argc, char **argv)
{
	return argc == 2 ? object_apply("groups", argv[1], json_null()) : USAGE;
}

static const struct ctl_command group_rows[] = {
	{ "list", .help = "list all groups", .method = "get", .print = print_groups },
	{ "show", "NAME", .help = "show who is in a group, and on which host", .method = "group", .param = "name",
		.print = print_group },
	{ "add", "NAME [OPTIONS]", .help = "make a group, or replace it", .run = group_add, .object = "group" },
	{ "del", "NAME", .help = "remove a group", .run = group_del },
	{ 0 },
};

static const struct ctl_command rule_rows[] = {
	{ "add", "GROUP in|out allow|deny|reject [OPTIONS]", .help = "add a rule to a group", .run = rule_add,
		.object = "rule" },
	{ "del", "GROUP NAME", .help = "remove the rules of that name from a group", .run = rule_del },
	{ "hits", "[PART-OF-A-NAME]", .help = "show what every rule has let pass or stopped", .method = "rules",
		.param = "name", .print = print_rules },
	{ 0 },
};

#define FILTERS                                                                                                        \
	"  --port PORT        of this port\n"                                                                          \
	"  --address ADDRESS  from or to this address\n"                                                               \
	"  --state STATE      syn_sent, syn_received, established, fin, last_ack, closed, udp_single,\n"               \
	"                     udp_stream, echo, other_single or other_stream\n"

static const struct ctl_command session_rows[] = {
	{ "list", "[FILTERS] [--limit N]", .help = "list connections", .notes = FILTERS, .run = session_list },
	{ "show", "[FILTERS] [--limit N]", .help = "show all that is known of connections", .notes = FILTERS,
		.run = session_show },
	{ "count", "[FILTERS]", .help = "count connections by state and by worker", .notes = FILTERS,
		.run = session_count },
	{ "kill", "FILTERS | --all", .help = "remove connections", .notes = FILTERS, .run = session_kill },
	{ 0 },
};

const struct ctl_command firewall_commands[] = {
	{ "group", .help = "groups of ports: who is in them and where", .commands = group_rows },
	{ "rule", .help = "the rules of groups, and how often they are hit", .commands = rule_rows },
	{ "session", .help = "connections, by port, address or state", .commands = session_rows },
	{ 0 },
};
