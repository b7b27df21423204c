// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A request in work, and its answer. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// Whoever answers a call later keeps a pointer to it, and ends it with exactly one of weft_call_result() and
// weft_call_error().
struct weft_call {
	struct weft_client *client; // NULL: it has gone meanwhile
	struct weft_call *next;	    // of the same client
	json_t *id;
	char who[96];  // who asks
	json_t *scope; // for whom the client asks, and what that one may change (scope.h); NULL: for itself
};

// JSON-RPC 2.0 leaves -32000 to -32099 to the server.
#define WEFT_REJECTED  -32000
#define WEFT_FORBIDDEN -32001
#define WEFT_CONFLICT  -32002 // params.expect does not hold
#define WEFT_MISSING   -32003 // the object does not exist

void weft_call_result(struct weft_call *call, json_t *result); // takes RESULT over
void weft_call_error(struct weft_call *call, int code, const struct weft_error *err);
