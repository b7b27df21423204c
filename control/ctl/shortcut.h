// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Short options for what people type most. Every other option is the name of a field, from weftd's schema.
#pragma once

#include <jansson.h>

struct shortcut {
	const char *object; // what the command makes: "port", "rule"
	const char *option;
	const char *argument; // in usage texts; NULL: the option is a switch
	const char *path;     // the field that the argument becomes; NULL: none
	const char *fixed;    // a field that the option sets to VALUE; NULL: none
	const char *value;
	void (*set)(json_t *object, const char *argument); // instead of PATH; may be NULL
	const char *help;
};

// All of them; the last has no option.
extern const struct shortcut shortcuts[];
