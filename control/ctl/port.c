// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports.
#include "port.h"

#include <getopt.h>
#include <string.h>

#include "client.h"
#include "object.h"
#include "print_port.h"

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
		json_object_set_new(attach, "index", object_typed(slash + 1));
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
			object_set(sub(object, "vlan"), port_options[which].name, object_typed(optarg));
			break;
		case 't':
			object_set(object, "vlan.trunk", object_typed_list(optarg));
			break;
		case 'a':
			object_set(sub(object, "attach"), port_options[which].name, object_typed(optarg));
			break;
		case 'e':
			object_set(object, "attach.type", json_string("eth"));
			object_set(object, "attach.device", json_string(optarg));
			break;
		case 'I':
			object_set(object, "attach.type", json_string("eth"));
			object_set(object, "attach.device", json_sprintf("net_af_xdp_%s,iface=%s", optarg, optarg));
			object_set(object, "attach.share", json_true());
			break;
		case 'V':
			attach_vf(sub(object, "attach"), optarg);
			break;
		case 'P':
			object_set(object, "attach.use", json_string("passthrough"));
			break;
		case 'l':
			object_set(object, "attach.enforce", json_string("lenient"));
			break;
		case 'w':
			object_set(object, "attach.type", json_string("gateway"));
			object_set(object, "attach.vlan", object_typed(optarg));
			break;
		case 's':
			object_set(object, "attach.mode", json_string("server"));
			break;
		case 'n':
			json_object_set_new(object, "worker", object_typed(optarg));
			break;
		case 'm':
			json_object_set_new(object, "max_macs", object_typed(optarg));
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
add(int argc, char **argv)
{
	json_t *object = argc >= 2 && argv[1][0] != '-' ? parse_port(argc - 1, argv + 1) : NULL;
	int code;

	if (object == NULL || optind < argc - 1) {
		json_decref(object);
		return USAGE;
	}
	code = object_apply("ports", argv[1], object);
	return code ? code : ctl_show("port", json_pack("{s:s}", "port", argv[1]), print_port);
}

static int
del(int argc, char **argv)
{
	return argc == 2 ? object_apply("ports", argv[1], json_null()) : USAGE;
}

static const struct ctl_command commands[] = {
	{ "list", .help = "list the ports of this host", .method = "ports", .print = print_ports },
	{ "show", "NAME", .help = "show a port, and what QEMU and libvirt need", .method = "port", .param = "port",
		.print = print_port },
	{ "add", "NAME [OPTIONS]", .help = "make a port, or replace it, and show it", .run = add,
		.notes = "  [--network N] [--mac MAC] [--ip ADDRESS]... [--vm VM]\n"
			 "  [--host HOST] [--group GROUP]... [--plan PLAN]\n"
			 "  [--access VLAN | --trunk VLANS [--native VLAN] [--tpid 802.1ad] | --qinq VLAN]\n"
			 "  [--path SOCKET] [--server] [--queues N] [--rings own|library] | [--device DPDK-DEVICE]\n"
			 "  | [--interface INTERFACE] | [--vf PF/INDEX [--passthrough] [--lenient]]\n"
			 "  | [--gateway VLAN]\n"
			 "  [--rate RATE] [--worker N] [--max-macs N] [--down]\n"
			 "NAME is TENANT/PORT, or PORT for default/PORT. VLANS is a list such as 10,20-29.\n" },
	{ "del", "NAME", .help = "remove a port", .run = del },
	{ 0 },
};

const struct ctl_command port_commands[] = {
	{ "port", .help = "ports", .commands = commands },
	{ 0 },
};
