// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// "weftctl session ...", "weftctl rule ..." and "weftctl group ...".
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static const char session_usage[] =
	"usage: weftctl session list|show|count [FILTERS] [--limit N]\n"
	"       weftctl session kill FILTERS | --all\n"
	"FILTERS: --port PORT, --address ADDRESS, --state STATE; states are syn_sent, syn_received,\n"
	"established, fin, last_ack, closed, udp_single, udp_stream, echo, other_single, other_stream.\n";

static const char rule_usage[] =
	"usage: weftctl rule hits [PART-OF-A-NAME]\n"
	"       weftctl rule add GROUP in|out allow|deny|reject [--protocol P] [--ports LIST] [--icmp-type N]\n"
	"                [--remote any|CIDR|group:GROUP|network:NETWORK] [--priority N] [--name NAME]\n"
	"                [--stateless] [--log]\n"
	"       weftctl rule del GROUP NAME\n"
	"LIST is ports and ranges such as 80,8000-8099; the lowest priority is judged first (1000).\n";

static const char group_usage[] = "usage: weftctl group list\n"
				  "       weftctl group show NAME      its rules, members, and where they are\n"
				  "       weftctl group add NAME [--default-in ACTION] [--default-out ACTION]\n"
				  "                [--on-revocation drop|reject]\n"
				  "       weftctl group del NAME\n";

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
	printf("%lld connection(s) removed\n", json_integer_value(json_object_get(result, "killed")));
}

int
cmd_session(int argc, char **argv)
{
	static const struct {
		const char *name, *method;
		void (*print)(const json_t *result);
	} commands[] = { { "list", "sessions", print_sessions }, { "show", "sessions", print_sessions_whole },
		{ "count", "session_counts", print_session_counts }, { "kill", "kill_sessions", print_killed } };
	json_t *params = json_object();
	int c, which = 0;

	argc--;
	argv++;
	while (argc > 0 && (c = getopt_long(argc, argv, "", session_options, &which)) != -1) {
		if (c == 's')
			json_object_set_new(params, session_options[which].name, json_string(optarg));
		else if (c == 'n')
			json_object_set_new(params, "limit", json_integer(strtoll(optarg, NULL, 10)));
		else if (c == 'a')
			json_object_set_new(params, "all", json_true());
		else
			argc = 0;
	}
	for (unsigned int i = 0; argc > 0 && optind == argc && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return show(commands[i].method, params, commands[i].print);
	json_decref(params);
	return usage(session_usage);
}

// The object of the group NAME as it is now, or NULL having printed why.
static json_t *
get_group(const char *name, int *code)
{
	return call("get", json_pack("{s:s, s:s}", "kind", "group", "name", name), code);
}

static int
set_group(const char *name, json_t *group)
{
	return apply("groups", name, group);
}

static bool
put_remote(json_t *rule, const char *remote)
{
	const char *colon = strchr(remote, ':');

	if (strcmp(remote, "any") == 0)
		return true;
	if (strncmp(remote, "group:", 6) == 0)
		json_object_set_new(rule, "remote", json_pack("{s:s}", "group", colon + 1));
	else if (strncmp(remote, "network:", 8) == 0)
		json_object_set_new(rule, "remote", json_pack("{s:s}", "network", colon + 1));
	else
		json_object_set_new(rule, "remote", json_pack("{s:s}", "cidr", remote));
	return true;
}

static const struct option rule_options[] = {
	{ "protocol", required_argument, NULL, 't' },
	{ "ports", required_argument, NULL, 'p' },
	{ "icmp-type", required_argument, NULL, 'i' },
	{ "remote", required_argument, NULL, 'r' },
	{ "priority", required_argument, NULL, 't' },
	{ "name", required_argument, NULL, 's' },
	{ "stateless", no_argument, NULL, 'b' },
	{ "log", no_argument, NULL, 'b' },
	{ 0 },
};

static json_t *
parse_rule(int argc, char **argv)
{
	json_t *rule = json_pack("{s:s, s:s}", "direction", argv[1], "action", argv[2]);
	int c, which = 0;

	argc -= 2;
	argv += 2;
	while ((c = getopt_long(argc, argv, "", rule_options, &which)) != -1) {
		if (c == 't')
			json_object_set_new(rule, rule_options[which].name, typed(optarg));
		else if (c == 's')
			json_object_set_new(rule, rule_options[which].name, json_string(optarg));
		else if (c == 'b')
			json_object_set_new(rule, rule_options[which].name, json_true());
		else if (c == 'p')
			json_object_set_new(rule, "ports", typed_list(optarg));
		else if (c == 'i')
			json_object_set_new(rule, "icmp", json_pack("{s:o}", "type", typed(optarg)));
		else if (c != 'r' || !put_remote(rule, optarg))
			argc = -1;
	}
	if (optind == argc)
		return rule;
	json_decref(rule);
	return NULL;
}

static int
add_rule(int argc, char **argv)
{
	const char *name = argv[0];
	json_t *rule = parse_rule(argc, argv), *group;
	int code;

	if (rule == NULL)
		return usage(rule_usage);
	group = get_group(name, &code);
	if (group == NULL) {
		json_decref(rule);
		return code;
	}
	json_array_append_new(json_object_get(group, "rules"), rule);
	return set_group(name, group);
}

static int
del_rule(const char *name, const char *rule)
{
	json_t *group, *rules;
	size_t n, i = 0;
	int code;

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
		return set_group(name, group);
	fprintf(stderr, "weftctl: group %s has no rule with the name \"%s\"\n", name, rule);
	json_decref(group);
	return REJECTED;
}

int
cmd_rule(int argc, char **argv)
{
	if ((argc == 2 || argc == 3) && strcmp(argv[1], "hits") == 0)
		return show("rules", argc == 3 ? json_pack("{s:s}", "name", argv[2]) : NULL, print_rules);
	if (argc >= 5 && strcmp(argv[1], "add") == 0)
		return add_rule(argc - 2, argv + 2);
	if (argc == 4 && strcmp(argv[1], "del") == 0)
		return del_rule(argv[2], argv[3]);
	return usage(rule_usage);
}

static int
add_group(int argc, char **argv)
{
	static const struct option group_options[] = {
		{ "default-in", required_argument, NULL, 'i' },
		{ "default-out", required_argument, NULL, 'o' },
		{ "on-revocation", required_argument, NULL, 'r' },
		{ 0 },
	};
	json_t *group = json_object();
	int c;

	while ((c = getopt_long(argc, argv, "", group_options, NULL)) != -1) {
		const char *field = c == 'i'   ? "default_in"
				    : c == 'o' ? "default_out"
				    : c == 'r' ? "on_revocation"
					       : NULL;

		if (field == NULL) {
			json_decref(group);
			return usage(group_usage);
		}
		json_object_set_new(group, field, json_string(optarg));
	}
	if (optind == argc)
		return set_group(argv[0], group);
	json_decref(group);
	return usage(group_usage);
}

int
cmd_group(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return show("get", NULL, print_groups);
	if (argc == 3 && strcmp(argv[1], "show") == 0)
		return show("group", json_pack("{s:s}", "name", argv[2]), print_group);
	if (argc == 3 && strcmp(argv[1], "del") == 0)
		return apply("groups", argv[2], json_null());
	if (argc >= 3 && strcmp(argv[1], "add") == 0)
		return add_group(argc - 2, argv + 2);
	return usage(group_usage);
}
