// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The tables of weftctl's commands, and the printing of their results.
#pragma once

#include <stdbool.h>

#include <jansson.h>

// One row of a table of commands; a row without a name ends the table. A row has one of COMMANDS, METHOD and RUN.
struct ctl_command {
	const char *name;
	const char *arguments; // in usage texts; NULL: none
	const char *help;      // one line, in the imperative
	const char *notes;     // more lines for --help: "  NAME  what it does" each; may be NULL

	// The kind of object that the command creates; --help lists its fields, which are the options (option.h). NULL:
	// none.
	const char *object;

	// The commands below this one: "list" below "port".
	const struct ctl_command *commands;

	// The command calls METHOD of weftd and shows the result by PRINT. Its one argument becomes PARAM. Without PARAM
	// there is no argument, and ARGUMENTS in brackets may be left out.
	const char *method;
	const char *param;
	void (*print)(const json_t *result);

	// Anything else. argv[0] is the command's name. Returns the exit code; with USAGE the caller prints the usage.
	int (*run)(int argc, char **argv);
};

// --json: results are shown as weftd sent them; main() sets it.
extern bool ctl_json;

// Shows RESULT by PRINT, or as JSON with --json or without PRINT.
void ctl_print(const json_t *result, void (*print)(const json_t *result));

// Calls METHOD with PARAMS, whose reference it takes, and shows the result. Returns the exit code: LATE where the result
// says that hosts are late.
int ctl_show(const char *method, json_t *params, void (*print)(const json_t *result));
