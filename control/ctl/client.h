// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One JSON-RPC call over weftd's socket.
#pragma once

#include <jansson.h>

// The exit codes of weftctl. Scripts rely on them.
enum { DONE = 0, USAGE = 1, REJECTED = 2, LATE = 3, UNREACHABLE = 4 };

// The path of weftd's socket; main() sets it.
extern const char *client_socket;

// Calls METHOD with PARAMS, an object or NULL, whose reference it takes. Returns the result, a new reference. On an error
// it prints the reason to stderr, sets CODE to the exit code and returns NULL.
json_t *client_call(const char *method, json_t *params, int *code);
