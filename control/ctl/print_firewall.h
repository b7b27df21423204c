// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections, rules and groups for people.
#pragma once

#include <jansson.h>

// Connections: a line each; all that is known of each; their number by state and by worker.
void print_sessions(const json_t *result);
void print_sessions_whole(const json_t *result);
void print_session_counts(const json_t *result);

// Rules with their counters; the members of a group; the groups in a policy.
void print_rules(const json_t *rules);
void print_group(const json_t *group);
void print_groups(const json_t *tree);
