// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The policy and its changes, for people.
#pragma once

#include <jansson.h>

// Prints the changes that a write has made, or with "dry_run" would make; print_diff() prints them field by field.
void print_changes(const json_t *changes);
void print_diff(const json_t *changes);

// How far each host is with a generation; who changed what in each generation.
void print_generation(const json_t *result);
void print_generations(const json_t *list);

// Where ports are.
void print_where(const json_t *found);
