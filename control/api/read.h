// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The methods that read the policy and its history. Control thread.
#pragma once

#include "call.h"

// "get", {kind, name, etag}: one object; with {kind} alone the objects of that kind as a bundle, and without kind all.
void weft_api_get(struct weft_call *call, const json_t *params);

// "list", {kind, tenant, where, after, limit}: a page of the objects of a kind, as in list.h.
void weft_api_list(struct weft_call *call, const json_t *params);

// "wait", {generation, timeout_ms}: {generation, state, hosts} once all hosts have applied that generation; 0: at once.
void weft_api_wait(struct weft_call *call, const json_t *params);

// "generations": summaries of the latest generations, the newest first.
void weft_api_generations(struct weft_call *call, const json_t *params);

// "record", {generation}: the whole record of a generation, as in history.h.
void weft_api_record(struct weft_call *call, const json_t *params);
