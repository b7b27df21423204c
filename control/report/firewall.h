// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections, rules' counters, and groups. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// PARAMS filter. Return NULL with ERR if they make no sense.
json_t *weft_report_sessions(const json_t *params, struct weft_error *err);
json_t *weft_report_session_counts(const json_t *params, struct weft_error *err);
json_t *weft_kill_sessions(const json_t *params, struct weft_error *err);
json_t *weft_report_rules(const json_t *params, struct weft_error *err);
json_t *weft_report_group(const json_t *params, struct weft_error *err);

// Logs the connections that rules with "log" have judged since the last call.
void weft_log_events(void);
