// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A record of what the pipeline decided about one packet, stage by stage.
#pragma once

#include <stdbool.h>

#include "weft/drop.h"

#define WEFT_EXPLAIN_STEPS 48

struct weft_explain {
	unsigned int n_steps;
	struct {
		const char *stage; // constant string
		char text[120];
	} step[WEFT_EXPLAIN_STEPS];
	bool dropped;
	enum weft_drop_reason reason; // valid when dropped
	unsigned int n_outputs;	      // ports that would get it
};

// Records one decision. Worker or test, on its own record; text past the bounds is cut.
__attribute__((format(printf, 3, 4))) void
weft_explain_add(struct weft_explain *explain, const char *stage, const char *fmt, ...);
