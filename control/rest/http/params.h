// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The data of a request: the query's parameters and the body.
#pragma once

#include "request.h"

// The query's parameter NAME. NULL: it is not there.
const char *weft_params_text(const struct request *request, const char *name);
// Whether it is there and is empty, "true" or "1".
bool weft_params_flag(const struct request *request, const char *name);

// The body, which must be a JSON object: a new reference. NULL: it is not, and the request is ended.
json_t *weft_params_body(struct request *request);
