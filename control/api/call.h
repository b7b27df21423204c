// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A call of a method over weftd's socket, and its answer (JSON-RPC 2.0). Control thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <jansson.h>

#include "weft/log.h"

// Codes of errors: the first three as in JSON-RPC 2.0, section 5.1; weft's own are from the range that the section
// leaves to servers.
enum weft_call_code {
	WEFT_CALL_PARSE_ERROR = -32700,
	WEFT_CALL_BAD_REQUEST = -32600,
	WEFT_CALL_NO_METHOD = -32601,
	WEFT_CALL_REJECTED = -32000,
	WEFT_CALL_FORBIDDEN = -32001,
	WEFT_CALL_CONFLICT = -32002, // a precondition in params.expect does not hold
	WEFT_CALL_MISSING = -32003,  // the object does not exist
	WEFT_CALL_ENDED = -32004,    // not the answer to a call: weftd ends the connection, and says why
};

// The calls of one client that have not been answered yet. A method that answers later would otherwise add to what a
// client does not read, without end.
struct weft_calls {
	LIST_HEAD(, weft_call) list;
	unsigned int n;
	struct evbuffer *out; // where the answers go
	size_t most;	      // bytes: if more than this is unread, the next answer is thrown away,
	bool overrun;	      // and this says so
	// Each answer is followed by this; it must not free the calls.
	void (*answered)(struct weft_calls *calls);
};

// A method that answers later keeps a pointer to its call. It ends the call with exactly one of weft_call_result() and
// weft_call_error(), also after the client has disconnected.
struct weft_call {
	struct weft_calls *calls; // of its client; NULL: the client has disconnected
	LIST_ENTRY(weft_call) entry;
	json_t *id;
	char who[96];  // who asks, for the history and the log
	json_t *scope; // the request's "as": for whom the client asks, and what they may change (scope.h); or NULL
};

// Starts a call for REQUEST, which CLIENT has sent, and adds it to CALLS. Returns NULL without memory.
struct weft_call *weft_call_new(struct weft_calls *calls, const char *client, const json_t *request);

// Tells CALLS that their client has disconnected.
void weft_call_abandon(struct weft_calls *calls);

// How many calls of clients that have disconnected have not ended yet.
unsigned int weft_call_abandoned(void);

// End CALL and free it. weft_call_result() takes RESULT over.
void weft_call_result(struct weft_call *call, json_t *result);
void weft_call_error(struct weft_call *call, enum weft_call_code code, const struct weft_error *err);

// Ends CALL, which is ARG, with what the store has answered: a weft_json_cb. LATE becomes "late" in the result.
void weft_call_answer(void *arg, json_t *result, bool late, const struct weft_error *err);

// params.timeout_ms; 10 seconds if it is missing or not from 1 ms to an hour.
uint32_t weft_call_timeout_ms(const json_t *params);
