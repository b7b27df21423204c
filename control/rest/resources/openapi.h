// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The OpenAPI 3.1 document of the REST interface.
#pragma once

#include <jansson.h>

#include "route.h"

// Makes the document from TABLES of routes, ended by NULL, and from KINDS, the schemas of all kinds of objects, or NULL.
json_t *openapi(const struct route *const tables[], const json_t *kinds);
