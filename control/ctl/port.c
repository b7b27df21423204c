// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports.
#include "port.h"

#include "client.h"
#include "object.h"
#include "option.h"
#include "print_port.h"

static int
add(int argc, char **argv)
{
	int code = option_add("port", "ports", json_object(), argc, argv);

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
		.notes = "NAME is TENANT/PORT, or PORT for default/PORT.\n", .object = "port" },
	{ "del", "NAME", .help = "remove a port", .run = del },
	{ 0 },
};

const struct ctl_command port_commands[] = {
	{ "port", .help = "ports, and how QEMU and libvirt attach VMs to them", .commands = commands },
	{ 0 },
};
