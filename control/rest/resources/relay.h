// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Small parts of routes that pass a request on to weftd and its result back.
#pragma once

#include "control/rest/http/request.h"

// Two backend_cb: answer with RESULT as it is, 202 where some hosts are late with it, else 200; or with the part of it that
// the client may see.
void relay_result(struct request *request, json_t *result);
void relay_own_part(struct request *request, json_t *result);

// The number in TEXT, of the query or the path; 0 where TEXT is NULL.
json_t *relay_number(const char *text);

// The full name "tenant/name" in the parts I and J of the path.
json_t *relay_name(const struct request *request, unsigned int i, unsigned int j);
