// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftctl's files share this.
#pragma once

#include <stdbool.h>

#include <jansson.h>

// Exit codes that scripts may rely on.
enum { DONE = 0, USAGE = 1, REJECTED = 2, LATE = 3, UNREACHABLE = 4 };

struct options {
	const char *socket;
	bool json;
};

extern struct options options;

// A field of OBJECT as text, or ""; and as a number.
static inline const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static inline long long
number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

// client.c: calls METHOD; takes PARAMS over. Returns the result, or NULL having printed why; *CODE is then the
// exit code.
json_t *call(const char *method, json_t *params, int *code);

// print.c
void print_json(const json_t *value);
void print_status(const json_t *status);
void print_ports(const json_t *ports);
void print_port(const json_t *port);
void print_workers(const json_t *workers);
void print_drops(const json_t *drops);
void print_audit(const json_t *audit);
void print_explain(const json_t *explain);
void print_fdb(const json_t *fdb);
void print_uplinks(const json_t *uplinks);
void print_top(const json_t *before, const json_t *after, double seconds);

// print_policy.c
void print_changes(const json_t *changes);
void print_diff(const json_t *changes);
void print_generation(const json_t *result);
void print_generations(const json_t *list);
void print_where(const json_t *found);
void print_schema(const json_t *kinds);

// plan.c: "weftctl plan ..."; what ports got of their plans between two looks. ONLY: of this port or plan, or NULL;
// returns whether there is one.
int cmd_plan(int argc, char **argv);
bool print_plans(const json_t *before, const json_t *after, const char *only);

// print_firewall.c
void print_sessions(const json_t *result);
void print_sessions_whole(const json_t *result);
void print_session_counts(const json_t *result);
void print_rules(const json_t *rules);
void print_group(const json_t *group);
void print_groups(const json_t *tree);

// policy.c: runs the command in ARGV[0], if it is one of those that read and write the policy.
bool cmd_policy(int argc, char **argv, int *code);

// port.c: "weftctl port ..." and "weftctl network ...".
int cmd_port(int argc, char **argv);
int cmd_network(int argc, char **argv);

// Makes OBJECT, or null to remove it, part of the policy at PATH below KIND (plural); takes it over. Returns the exit
// code.
int apply(const char *kind, const char *path, json_t *object);

// What the user typed: a number where it is one, so that weftd can say what is wrong with it.
json_t *typed(const char *text);

// The same for a list with commas.
json_t *typed_list(const char *text);

// firewall.c: "weftctl session ...", "weftctl rule ..." and "weftctl group ...".
int cmd_session(int argc, char **argv);
int cmd_rule(int argc, char **argv);
int cmd_group(int argc, char **argv);

// sriov.c: "weftctl sriov ..."; and what is known of a port's VF.
int cmd_sriov(int argc, char **argv);
void print_vf(const json_t *vf);

// main.c: runs METHOD and prints its result.
int show(const char *method, json_t *params, void (*print)(const json_t *result));
int usage(const char *text);
