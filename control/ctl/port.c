// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports and networks from the command line: each command is one object in a bundle.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static const char port_usage[] =
	"usage: weftctl port list\n"
	"       weftctl port show NAME\n"
	"       weftctl port del NAME\n"
	"       weftctl port add NAME [--network N] [--mac MAC] [--ip ADDRESS]... [--vm VM]\n"
	"                [--host HOST] [--group GROUP]... [--plan PLAN]\n"
	"                [--access VLAN | --trunk VLANS [--native VLAN] [--tpid 802.1ad] | --qinq VLAN]\n"
	"                [--path SOCKET] [--server] [--queues N] [--rings own|library] | [--device DPDK-DEVICE]\n"
	"                | [--interface INTERFACE] | [--vf PF/INDEX [--passthrough] [--lenient]]\n"
	"                | [--gateway VLAN]\n"
	"                [--rate RATE] [--worker N] [--max-macs N] [--down]\n"
	"NAME is TENANT/PORT, or PORT for default/PORT. VLANS is a list such as 10,20-29.\n";

static const char network_usage[] = "usage: weftctl network list\n"
				    "       weftctl network check NAME\n"
				    "       weftctl network add NAME [--vlan VLAN | --vxlan VNI | --geneve VNI] [--mtu "
				    "MTU] [--no-learning] [--no-snooping] [--no-firewall]\n"
				    "       weftctl network del NAME\n";

// {"tenants": {tenant: {KIND: {name: OBJECT}}}}; takes OBJECT over.
static json_t *
bundle(const char *kind, const char *path, json_t *object)
{
	const char *slash = strchr(path, '/');
	char tenant[256] = "default";

	if (slash)
		snprintf(tenant, sizeof(tenant), "%.*s", (int)(slash - path), path);
	return json_pack("{s:{s:{s:{s:o}}}}", "tenants", tenant, kind, slash ? slash + 1 : path, object);
}

int
apply(const char *kind, const char *path, json_t *object)
{
	json_t *params = json_pack("{s:o, s:b}", "policy", bundle(kind, path, object), "bind_here", 1), *changes;
	int code;

	changes = call("apply", params, &code);
	if (changes == NULL)
		return code;
	if (!options.json)
		print_changes(changes);
	json_decref(changes);
	return DONE;
}

json_t *
typed(const char *text)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	return *text && *end == 0 ? json_integer(value) : json_string(text);
}

json_t *
typed_list(const char *text)
{
	json_t *items = json_array();
	char *copy = strdup(text), *save = NULL;

	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save))
		json_array_append_new(items, typed(item));
	free(copy);
	return items;
}

static json_t *
sub(json_t *object, const char *key)
{
	if (json_object_get(object, key) == NULL)
		json_object_set_new(object, key, json_object());
	return json_object_get(object, key);
}

static void
add_item(json_t *object, const char *field, const char *text)
{
	if (json_object_get(object, field) == NULL)
		json_object_set_new(object, field, json_array());
	json_array_append_new(json_object_get(object, field), json_string(text));
}

// Which part of the object an option fills.
static const struct option port_options[] = {
	{ "network", required_argument, NULL, 0 },
	{ "mac", required_argument, NULL, 0 },
	{ "vm", required_argument, NULL, 0 },
	{ "host", required_argument, NULL, 0 },
	{ "plan", required_argument, NULL, 0 },
	{ "rate", required_argument, NULL, 0 },
	{ "ip", required_argument, NULL, 'i' },
	{ "group", required_argument, NULL, 'g' },
	{ "access", required_argument, NULL, 'v' },
	{ "native", required_argument, NULL, 'v' },
	{ "qinq", required_argument, NULL, 'v' },
	{ "tpid", required_argument, NULL, 'v' },
	{ "trunk", required_argument, NULL, 't' },
	{ "path", required_argument, NULL, 'a' },
	{ "queues", required_argument, NULL, 'a' },
	{ "rings", required_argument, NULL, 'a' },
	{ "device", required_argument, NULL, 'e' },
	{ "interface", required_argument, NULL, 'I' },
	{ "vf", required_argument, NULL, 'V' },
	{ "passthrough", no_argument, NULL, 'P' },
	{ "lenient", no_argument, NULL, 'l' },
	{ "gateway", required_argument, NULL, 'w' },
	{ "server", no_argument, NULL, 's' },
	{ "worker", required_argument, NULL, 'n' },
	{ "max-macs", required_argument, NULL, 'm' },
	{ "down", no_argument, NULL, 'd' },
	{ 0 },
};

// "eth0/3"
static void
attach_vf(json_t *attach, const char *name)
{
	const char *slash = strrchr(name, '/');

	json_object_set_new(attach, "type", json_string("vf"));
	json_object_set_new(attach, "pf", json_stringn(name, slash ? (size_t)(slash - name) : strlen(name)));
	if (slash)
		json_object_set_new(attach, "index", typed(slash + 1));
}

static json_t *
parse_port(int argc, char **argv)
{
	json_t *object = json_object();
	int c, which;

	while ((c = getopt_long(argc, argv, "", port_options, &which)) != -1) {
		switch (c) {
		case 0:
			json_object_set_new(object, port_options[which].name, json_string(optarg));
			break;
		case 'i':
			add_item(object, "ips", optarg);
			break;
		case 'g':
			add_item(object, "groups", optarg);
			break;
		case 'v':
			json_object_set_new(sub(object, "vlan"), port_options[which].name, typed(optarg));
			break;
		case 't':
			json_object_set_new(sub(object, "vlan"), "trunk", typed_list(optarg));
			break;
		case 'a':
			json_object_set_new(sub(object, "attach"), port_options[which].name, typed(optarg));
			break;
		case 'e':
			json_object_set_new(sub(object, "attach"), "type", json_string("eth"));
			json_object_set_new(sub(object, "attach"), "device", json_string(optarg));
			break;
		case 'I':
			json_object_set_new(sub(object, "attach"), "type", json_string("eth"));
			json_object_set_new(sub(object, "attach"), "device",
				json_sprintf("net_af_xdp_%s,iface=%s", optarg, optarg));
			json_object_set_new(sub(object, "attach"), "share", json_true());
			break;
		case 'V':
			attach_vf(sub(object, "attach"), optarg);
			break;
		case 'P':
			json_object_set_new(sub(object, "attach"), "use", json_string("passthrough"));
			break;
		case 'l':
			json_object_set_new(sub(object, "attach"), "enforce", json_string("lenient"));
			break;
		case 'w':
			json_object_set_new(sub(object, "attach"), "type", json_string("gateway"));
			json_object_set_new(sub(object, "attach"), "vlan", typed(optarg));
			break;
		case 's':
			json_object_set_new(sub(object, "attach"), "mode", json_string("server"));
			break;
		case 'n':
			json_object_set_new(object, "worker", typed(optarg));
			break;
		case 'm':
			json_object_set_new(object, "max_macs", typed(optarg));
			break;
		case 'd':
			json_object_set_new(object, "state", json_string("down"));
			break;
		default:
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static int
add_port(int argc, char **argv)
{
	json_t *object = argc >= 2 && argv[1][0] != '-' ? parse_port(argc - 1, argv + 1) : NULL;
	int code;

	if (object == NULL || optind < argc - 1) {
		json_decref(object);
		return usage(port_usage);
	}
	code = apply("ports", argv[1], object);
	return code ? code : show("port", json_pack("{s:s}", "port", argv[1]), print_port);
}

int
cmd_port(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return show("ports", NULL, print_ports);
	if (argc == 3 && strcmp(argv[1], "show") == 0)
		return show("port", json_pack("{s:s}", "port", argv[2]), print_port);
	if (argc == 3 && strcmp(argv[1], "del") == 0)
		return apply("ports", argv[2], json_null());
	if (argc >= 3 && strcmp(argv[1], "add") == 0)
		return add_port(argc - 1, argv + 1);
	return usage(port_usage);
}

static int
add_network(int argc, char **argv)
{
	static const struct option network_options[] = { { "vlan", required_argument, NULL, 'v' },
		{ "vxlan", required_argument, NULL, 'x' }, { "geneve", required_argument, NULL, 'g' },
		{ "mtu", required_argument, NULL, 'm' }, { "no-learning", no_argument, NULL, 'n' },
		{ "no-snooping", no_argument, NULL, 's' }, { "no-firewall", no_argument, NULL, 'f' }, { 0 } };
	json_t *object = json_object();
	int c;

	while ((c = getopt_long(argc, argv, "", network_options, NULL)) != -1) {
		if (c == 'v') {
			json_object_set_new(object, "encap", json_string("vlan"));
			json_object_set_new(object, "vlan", typed(optarg));
		} else if (c == 'x' || c == 'g') {
			json_object_set_new(object, "encap", json_string(c == 'x' ? "vxlan" : "geneve"));
			json_object_set_new(object, "vni", typed(optarg));
		} else if (c == 'm') {
			json_object_set_new(object, "mtu", typed(optarg));
		} else if (c == 'n') {
			json_object_set_new(object, "learning", json_false());
		} else if (c == 's') {
			json_object_set_new(object, "snooping", json_false());
		} else if (c == 'f') {
			json_object_set_new(object, "firewall", json_false());
		} else {
			json_decref(object);
			return usage(network_usage);
		}
	}
	return apply("networks", argv[0], object);
}

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
				json_is_true(json_object_get(network, "learning")) ? "yes" : "no",
				json_is_true(json_object_get(network, "firewall")) ? "yes" : "no");
		}
	}
}

// Prints what is wrong, each line behind WHO. Returns whether something is.
static bool
print_trouble(const char *who, const json_t *object)
{
	size_t i;
	json_t *line;

	json_array_foreach (json_object_get(object, "trouble"), i, line)
		printf("%s: %s\n", who, json_string_value(line));
	return json_array_size(json_object_get(object, "trouble")) != 0;
}

// Exit code 2 where something is wrong.
static int
check_network(const char *name)
{
	int code;
	json_t *result = call("network", json_pack("{s:s}", "network", name), &code), *host;
	bool wrong;
	size_t i;

	if (result == NULL)
		return code;
	wrong = json_array_size(json_object_get(result, "trouble")) != 0;
	if (options.json)
		print_json(result);
	else
		print_trouble("here", result);
	json_array_foreach (json_object_get(result, "hosts"), i, host) {
		bool bad = json_array_size(json_object_get(host, "trouble")) != 0;

		wrong = wrong || bad;
		if (!options.json && !print_trouble(text(host, "host"), host) && text(host, "next_hop_mac")[0])
			printf("%s: %lld port(s), next hop %s (%s), heard of %lld s ago\n", text(host, "host"),
				number(host, "ports"), text(host, "next_hop"), text(host, "next_hop_mac"),
				number(host, "heard_s"));
	}
	if (!options.json && !wrong)
		printf("nothing is wrong with %s, as seen from here\n", text(result, "network"));
	json_decref(result);
	return wrong ? REJECTED : DONE;
}

int
cmd_network(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return show("get", NULL, print_networks);
	if (argc == 3 && strcmp(argv[1], "del") == 0)
		return apply("networks", argv[2], json_null());
	if (argc == 3 && strcmp(argv[1], "check") == 0)
		return check_network(argv[2]);
	if (argc >= 3 && strcmp(argv[1], "add") == 0)
		return add_network(argc - 2, argv + 2);
	return usage(network_usage);
}
