// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Descriptions of JSON objects: one table drives parsing, defaults and errors.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "weft/log.h"

enum weft_field_type {
	WEFT_FIELD_STRING, // char[size]
	WEFT_FIELD_UINT,   // unsigned integer of SIZE bytes
	WEFT_FIELD_BOOL,   // bool
	WEFT_FIELD_ENUM,   // int: index into NAMES
	WEFT_FIELD_OBJECT, // described by FIELDS, in place
	WEFT_FIELD_LIST,   // struct weft_list of at most MAX items of ITEM_SIZE bytes: objects that FIELDS describe;
			   // without FIELDS, strings
	WEFT_FIELD_CUSTOM, // PARSE parses it
};

// The enforcer of a field for a VF.
enum weft_enforcer {
	WEFT_BY_UNKNOWN, // the description does not say, which fails a test
	WEFT_BY_NOTHING, // there is nothing to enforce
	WEFT_BY_HARDWARE,
	WEFT_BY_SOFTWARE,
	WEFT_BY_NOBODY,
	WEFT_BY_JUDGE, // a function in control/vf/verdict.c decides
};

struct weft_list {
	void *items;
	uint32_t n;
};

struct weft_field {
	const char *name; // NULL ends a table
	enum weft_field_type type;
	size_t offset; // in the struct that is filled
	size_t size;
	bool required;
	bool providers;			 // only an admin may change it: see change/scope.h
	uint64_t min, max;		 // numbers
	const char *const *names;	 // enums, NULL-terminated
	const struct weft_field *fields; // objects, and items of lists
	size_t item_size;		 // lists
	// Returns 0, or -1 with what was EXPECTED in words.
	int (*parse)(const json_t *value, void *to, char expected[160]);
	const char *schema; // custom: its JSON Schema
	const char *preset; // JSON text of the default
	const char *help;   // one line for people
	// Fields of policy objects: who enforces it for a VF that is passed through, and why so, in words. It holds for
	// all fields below it, too; a field that has some may leave it to them.
	struct {
		enum weft_enforcer by;
		const char *how; // NULL with WEFT_BY_JUDGE
	} vf;
};

// Fills TO from OBJECT, and adds the defaults to OBJECT, so that it is complete. PATH names the object in
// errors. Returns 0, or -EINVAL with ERR naming the field and what was expected.
int
weft_fields_parse(const struct weft_field *fields, const char *path, json_t *object, void *to, struct weft_error *err);

// Frees the lists in FROM, which weft_fields_parse() filled, successfully or not.
void weft_fields_free(const struct weft_field *fields, void *from);
