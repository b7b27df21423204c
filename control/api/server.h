// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftd's UNIX socket: JSON-RPC 2.0, one request and one answer on a line. The socket's mode says who may connect; the
// peer's credentials say who may change things. Control thread.
#pragma once

#include <stdbool.h>

#include "call.h"

// Runs METHOD, and ends CALL now or later. PARAMS, which may be NULL, is valid until it returns. MAY_CHANGE: the client
// may change things.
typedef void weft_method_fn(struct weft_call *call, const char *method, const json_t *params, bool may_change);

// Listens on the socket, and has RUN carry out each request. Returns 0, or -errno with ERR.
int weft_server_start(weft_method_fn *run, struct weft_error *err);

// Closes the socket and removes its file. Connections that are open stay open.
void weft_server_stop(void);
