// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftctl: the command-line tool of weftd. Global options, and the tables of commands.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "firewall.h"
#include "host.h"
#include "network.h"
#include "option.h"
#include "plan.h"
#include "policy.h"
#include "port.h"
#include "sriov.h"

#define DEFAULT_SOCKET "/run/weft/weftd.sock"
#define NAME_WIDTH     32

static const char usage[] = "usage: weftctl [--socket PATH | --dev DIR] [--json] COMMAND\n"
			    "'weftctl COMMAND --help' says more about a command.\n";

static const char notes[] = "The socket is " DEFAULT_SOCKET ", or $WEFT_SOCKET.\n"
			    "Exit codes: 0 done, 1 wrong usage, 2 rejected and nothing changed,\n"
			    "3 accepted and not yet applied by every host, 4 weftd cannot be reached.\n";

static const struct ctl_command *const all_commands[] = { policy_commands, network_commands, port_commands,
	firewall_commands, plan_commands, host_commands, sriov_commands, NULL };

// "port add|list|show|del", "explain PORT FRAME"
static void
describe(const struct ctl_command *row, char *out, size_t size)
{
	const char *arguments = row->arguments ? row->arguments : "";
	size_t len = snprintf(out, size, "%s%s%s", row->name, row->commands || *arguments ? " " : "", arguments);

	for (const struct ctl_command *sub = row->commands; sub && sub->name && len < size; sub++)
		len += snprintf(out + len, size - len, "%s%s", sub == row->commands ? "" : "|", sub->name);
}

static void
list(FILE *out, const struct ctl_command *const *tables)
{
	for (; *tables; tables++) {
		for (const struct ctl_command *row = *tables; row->name; row++) {
			char name[128];

			describe(row, name, sizeof(name));
			if (strlen(name) > NAME_WIDTH)
				fprintf(out, "  %s\n  %*s %s\n", name, NAME_WIDTH, "", row->help);
			else
				fprintf(out, "  %-*s %s\n", NAME_WIDTH, name, row->help);
		}
	}
}

static void
print_command(FILE *out, const struct ctl_command *row, const char *whole)
{
	fprintf(out, "usage: %s %s%s%s\n", whole, row->name, row->arguments ? " " : "",
		row->arguments ? row->arguments : "");
}

static int
print_help(const struct ctl_command *row, const char *whole)
{
	print_command(stdout, row, whole);
	printf("%s\n%s", row->help, row->notes ? row->notes : "");
	return row->object ? option_help(row->object) : DONE;
}

static bool
asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

static int
run_method(const struct ctl_command *row, int argc, char **argv)
{
	bool optional = row->param == NULL || row->arguments[0] == '[';

	if (argc > 1 + (row->param != NULL) || (argc == 1 && !optional))
		return USAGE;
	return ctl_show(row->method, argc == 2 ? json_pack("{s:s}", row->param, argv[1]) : NULL, row->print);
}

static int run_command(const struct ctl_command *const *tables, const char *whole, int argc, char **argv);

static int
run_row(const struct ctl_command *row, const char *whole, int argc, char **argv)
{
	int code;

	if (row->commands) {
		const struct ctl_command *const tables[] = { row->commands, NULL };
		char longer[128];

		snprintf(longer, sizeof(longer), "%s %s", whole, row->name);
		return run_command(tables, longer, argc - 1, argv + 1);
	}
	if (asks_for_help(argc, argv))
		return print_help(row, whole);
	code = row->run ? row->run(argc, argv) : run_method(row, argc, argv);
	if (code == USAGE)
		print_command(stderr, row, whole);
	return code;
}

// Runs the command in ARGV, whose row is in one of TABLES. WHOLE is what stands before it: "weftctl", "weftctl port".
static int
run_command(const struct ctl_command *const *tables, const char *whole, int argc, char **argv)
{
	bool help = argc > 0 && strcmp(argv[0], "--help") == 0;

	for (unsigned int i = 0; argc > 0 && tables[i]; i++)
		for (const struct ctl_command *row = tables[i]; row->name; row++)
			if (strcmp(row->name, argv[0]) == 0)
				return run_row(row, whole, argc, argv);
	if (argc > 0 && !help)
		fprintf(stderr, "%s: there is no command \"%s\"\n", whole, argv[0]);
	fprintf(help ? stdout : stderr, "usage: %s COMMAND\n", whole);
	list(help ? stdout : stderr, tables);
	return help ? DONE : USAGE;
}

static int
print_usage(FILE *out)
{
	fputs(usage, out);
	list(out, all_commands);
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
	return run_command(all_commands, "weftctl", argc - first, argv + first);
}
