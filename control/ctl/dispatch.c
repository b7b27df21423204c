// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "dispatch.h"

#include <string.h>

#include "client.h"

#define NAME_WIDTH 32

// "port add|list|show|del", "explain PORT FRAME"
static void
describe(const struct ctl_command *row, char *out, size_t size)
{
	const char *arguments = row->arguments ? row->arguments : "";
	size_t len = snprintf(out, size, "%s%s%s", row->name, row->commands || *arguments ? " " : "", arguments);

	for (const struct ctl_command *sub = row->commands; sub && sub->name && len < size; sub++)
		len += snprintf(out + len, size - len, "%s%s", sub == row->commands ? "" : "|", sub->name);
}

void
dispatch_list(FILE *out, const struct ctl_command *const *tables)
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
print_usage(FILE *out, const struct ctl_command *row, const char *whole)
{
	fprintf(out, "usage: %s %s%s%s\n", whole, row->name, row->arguments ? " " : "",
		row->arguments ? row->arguments : "");
}

static int
print_help(const struct ctl_command *row, const char *whole)
{
	print_usage(stdout, row, whole);
	printf("%s\n%s", row->help, row->notes ? row->notes : "");
	return DONE;
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

static int
run_row(const struct ctl_command *row, const char *whole, int argc, char **argv)
{
	int code;

	if (row->commands) {
		const struct ctl_command *const tables[] = { row->commands, NULL };
		char longer[128];

		snprintf(longer, sizeof(longer), "%s %s", whole, row->name);
		return dispatch_run(tables, longer, argc - 1, argv + 1);
	}
	if (asks_for_help(argc, argv))
		return print_help(row, whole);
	code = row->run ? row->run(argc, argv) : run_method(row, argc, argv);
	if (code == USAGE)
		print_usage(stderr, row, whole);
	return code;
}

int
dispatch_run(const struct ctl_command *const *tables, const char *whole, int argc, char **argv)
{
	bool help = argc > 0 && strcmp(argv[0], "--help") == 0;

	for (unsigned int i = 0; argc > 0 && tables[i]; i++)
		for (const struct ctl_command *row = tables[i]; row->name; row++)
			if (strcmp(row->name, argv[0]) == 0)
				return run_row(row, whole, argc, argv);
	if (argc > 0 && !help)
		fprintf(stderr, "%s: there is no command \"%s\"\n", whole, argv[0]);
	fprintf(help ? stdout : stderr, "usage: %s COMMAND\n", whole);
	dispatch_list(help ? stdout : stderr, tables);
	return help ? DONE : USAGE;
}
