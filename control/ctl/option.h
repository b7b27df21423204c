// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The options of commands that make an object: one for each of its fields, from weftd's schema, and the shortcuts.
//
// The field max_macs has the option --max-macs, the field access of vlan --vlan-access. A boolean is a switch, --log or
// --no-log. A list takes items separated by commas, and more by repetition; a list of objects takes JSON. A beginning of
// an option is enough where no other option begins like it.
#pragma once

#include <jansson.h>

// Sets the fields of OBJECT from the options ARGV[0] to ARGV[ARGC - 1]. WHAT is what the command makes: the name of a
// kind, or "rule". Returns DONE, or the exit code, having printed why.
int option_parse(const char *what, json_t *object, int argc, char **argv);

// A command "add NAME OPTIONS" in ARGV: makes OBJECT, whose reference it takes, with the options' fields part of the
// policy below PLURAL. Returns the exit code.
int option_add(const char *what, const char *plural, json_t *object, int argc, char **argv);

// Prints the options of WHAT. Without weftd it prints the shortcuts and says that there are more. Returns the exit code.
int option_help(const char *what);
