// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Networks.
#include "network.h"

#include <stdio.h>

#include "client.h"
#include "object.h"
#include "option.h"
#include "result.h"

static void
print_networks(const json_t *tree)
{
	const char *tenant, *name;
	json_t *objects, *network;

	printf("%-28s %-8s %8s %6s %-8s %s\n", "NETWORK", "ENCAP", "NUMBER", "MTU", "LEARNING", "FIREWALL");
	json_object_foreach (json_object_get(tree, "tenants"), tenant, objects) {
		json_object_foreach (json_object_get(objects, "networks"), name, network) {
			const json_t *number = json_object_get(network, "vlan");
			char path[256];

			snprintf(path, sizeof(path), "%s/%s", tenant, name);
			printf("%-28s %-8s %8lld %6lld %-8s %s\n", path,
				json_string_value(json_object_get(network, "encap")),
				json_integer_value(number ? number : json_object_get(network, "vni")),
				json_integer_value(json_object_get(network, "mtu")),
				flag(network, "learning") ? "yes" : "no", flag(network, "firewall") ? "yes" : "no");
		}
	}
}

// Prints a line "WHO: problem" for each problem that OBJECT names. Returns whether there is one.
static bool
print_problems(const char *who, const json_t *object)
{
	size_t i;
	json_t *line;

	json_array_foreach (json_object_get(object, "trouble"), i, line)
		printf("%s: %s\n", who, json_string_value(line));
	return json_array_size(json_object_get(object, "trouble")) != 0;
}

// Prints what is wrong with a network, and how this host reaches the others. Exit code REJECTED where something is wrong.
static int
check(int argc, char **argv)
{
	json_t *result, *host;
	bool wrong;
	int code;
	size_t i;

	if (argc != 2)
		return USAGE;
	result = client_call("network", json_pack("{s:s}", "network", argv[1]), &code);
	if (result == NULL)
		return code;
	wrong = json_array_size(json_object_get(result, "trouble")) != 0;
	if (ctl_json)
		ctl_print(result, NULL);
	else
		print_problems("here", result);
	json_array_foreach (json_object_get(result, "hosts"), i, host) {
		bool bad = json_array_size(json_object_get(host, "trouble")) != 0;

		wrong = wrong || bad;
		if (!ctl_json && !print_problems(text(host, "host"), host) && text(host, "next_hop_mac")[0])
			printf("%s: %lld port(s), next hop %s (%s), heard of %lld s ago\n", text(host, "host"),
				number(host, "ports"), text(host, "next_hop"), text(host, "next_hop_mac"),
				number(host, "heard_s"));
	}
	if (!ctl_json && !wrong)
		printf("this host finds nothing wrong with %s\n", text(result, "network"));
	json_decref(result);
	return wrong ? REJECTED : DONE;
}

static int
add(int argc, char **argv)
{
	return option_add("network", "networks", json_object(), argc, argv);
}

static int
del(int argc, char **argv)
{
	return argc == 2 ? object_apply("networks", argv[1], json_null()) : USAGE;
}

static const struct ctl_command commands[] = {
	{ "list", .help = "list all networks", .method = "get", .print = print_networks },
	{ "check", "NAME", .help = "show what keeps a network from other hosts", .run = check },
	{ "add", "NAME [OPTIONS]", .help = "make a network, or replace it", .run = add, .object = "network" },
	{ "del", "NAME", .help = "remove a network", .run = del },
	{ 0 },
};

const struct ctl_command network_commands[] = {
	{ "network", .help = "networks, and what keeps one from other hosts", .commands = commands },
	{ 0 },
};
