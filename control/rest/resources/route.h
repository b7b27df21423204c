// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A route: one row of a table, which the dispatcher (routes.c) and the OpenAPI document (openapi.c) read. A route is added
// by a row, and where weftd's answer alone is not enough, by a function beside the table.
#pragma once

#include <stdbool.h>

struct request;

// The part of an answer that a client may see if its access is limited to some tenants.
enum view {
	VIEW_HOST,   // nothing: the answer covers the whole host
	VIEW_TENANT, // the whole answer, if {tenant} in the path is one of them
	VIEW_OWN,    // the rows of the answer that are theirs: see view.h
	VIEW_ALL,    // the whole answer
};

struct route {
	const char *method;
	const char *path; // below "/v1/", or whole with a slash in front; a part in braces is a parameter
	const char *summary;
	const char *query;   // names of the query's parameters, separated by blanks; NULL: none
	const char *headers; // names of the headers that matter, likewise
	const char *type;    // the answer's media type; NULL: JSON
	enum view view;
	bool body;			      // it takes a JSON object
	const char *call;		      // weftd's method: its result is the answer, where `run` is NULL
	void (*run)(struct request *request); // answers, now or later
};

// Each table ends with a row whose method is NULL.
extern const struct route policy_routes[], state_routes[], vf_routes[], event_routes[], metric_routes[];
