// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Prints the state of this host. Each function prints the result of the method of its name.
#pragma once

#include <jansson.h>

void print_status(const json_t *status);
void print_workers(const json_t *workers);
void print_audit(const json_t *audit);
void print_explain(const json_t *explain);
void print_fdb(const json_t *fdb);
void print_uplinks(const json_t *uplinks);

// The result of the method "rebalance".
void print_moved(const json_t *result);
