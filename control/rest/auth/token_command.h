// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// "weft-rest token": adds, lists and deletes tokens.
#pragma once

// Runs the subcommand on the access file FILE with the arguments after the word "token". Returns the exit code.
int weft_token_command(const char *file, int argc, char **argv);
