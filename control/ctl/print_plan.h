// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Prints how much ports get of their data plans.
#pragma once

#include <stdbool.h>

#include <jansson.h>

// Prints rates from two results of the method "plans". ONLY names a port or a plan, without its tenant where that is the
// default one; NULL: all ports, tenants and the uplink. Returns whether there is such a port or plan.
bool print_plans(const json_t *before, const json_t *after, const char *only);
