// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftctl: the command-line tool of weftd. Global options, and the tables of commands.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "dispatch.h"
#include "firewall.h"
#include "host.h"
#include "network.h"
#include "plan.h"
#include "policy.h"
#include "port.h"
#include "sriov.h"

#define DEFAULT_SOCKET "/run/weft/weftd.sock"

static const char usage[] = "usage: weftctl [--socket PATH | --dev DIR] [--json] COMMAND\n"
			    "'weftctl COMMAND --help' says more about a command.\n";

static const char notes[] = "The socket is " DEFAULT_SOCKET ", or $WEFT_SOCKET.\n"
			    "Exit codes: 0 done, 1 wrong usage, 2 rejected and nothing changed,\n"
			    "3 accepted and not yet applied by every host, 4 weftd cannot be reached.\n";

static const struct ctl_command *const tables[] = { policy_commands, network_commands, port_commands, firewall_commands,
	plan_commands, host_commands, sriov_commands, NULL };

static int
print_usage(FILE *out)
{
	fputs(usage, out);
	dispatch_list(out, tables);
	fputs(notes, out);
	return out == stdout ? DONE : USAGE;
}

int
main(int argc, char **argv)
{
	static const struct option long_options[] = { { "socket", required_argument, NULL, 's' },
		{ "dev", required_argument, NULL, 'd' }, { "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'v' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	static char dev_socket[512];
	int c, first;

	client_socket = getenv("WEFT_SOCKET") ? getenv("WEFT_SOCKET") : DEFAULT_SOCKET;
	while ((c = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		switch (c) {
		case 's':
			client_socket = optarg;
			break;
		case 'd':
			snprintf(dev_socket, sizeof(dev_socket), "%s/weftd.sock", optarg);
			client_socket = dev_socket;
			break;
		case 'j':
			ctl_json = true;
			break;
		case 'v':
			puts("weftctl " WEFT_VERSION);
			return DONE;
		case 'h':
			return print_usage(stdout);
		default:
			return print_usage(stderr);
		}
	}
	if (optind == argc)
		return print_usage(stderr);
	// A command has options of its own: getopt starts again on its arguments.
	first = optind;
	optind = 0;
	return dispatch_run(tables, "weftctl", argc - first, argv + first);
}
