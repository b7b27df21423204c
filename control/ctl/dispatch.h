// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Finds the command that the user typed, and prints how commands are used.
#pragma once

#include <stdio.h>

#include "command.h"

// Runs the command in ARGV, whose row is in one of TABLES (NULL-terminated). WHOLE is what stands before it: "weftctl",
// "weftctl port". Returns the exit code.
int dispatch_run(const struct ctl_command *const *tables, const char *whole, int argc, char **argv);

// Prints a line for each command in TABLES.
void dispatch_list(FILE *out, const struct ctl_command *const *tables);
