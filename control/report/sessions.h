// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The connections that the firewall tracks. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// These methods mean the connections that match all of params.port (one end is that port of this host), params.address
// (one end has that address) and params.state; without these, all connections. They return NULL with errno and ERR if a
// parameter is wrong, or if a worker does not answer.

// "sessions", {limit}: {matched, sessions: [...]}; at most LIMIT of the connections that matched, or 1000.
json_t *weft_report_sessions(const json_t *params, struct weft_error *err);

// "session_counts": {matched, states: {state: n}, workers: [...]}, the latter with the counters of each worker's table.
json_t *weft_report_session_counts(const json_t *params, struct weft_error *err);

// "kill_sessions": removes the connections, {killed}. Without port, address and state, params.all must be true.
json_t *weft_report_kill_sessions(const json_t *params, struct weft_error *err);
