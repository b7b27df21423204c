// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The views of clients whose access is limited to some tenants. AS is struct request's `as`.
#pragma once

#include "control/rest/http/request.h"

// Whether AS may see all tenants, or TENANT.
bool view_sees_all(const json_t *as);
bool view_sees(const json_t *as, const char *tenant);

// Whether REQUEST may use its route at all; otherwise the request is ended.
bool view_allows(struct request *request);

// RESULT, which is taken over, without the rows and objects that AS may not see: of lists the rows of other tenants, of
// objects those whose keys are of other tenants, of a generation what it changed of others.
json_t *view_own_part(const json_t *as, json_t *result);
