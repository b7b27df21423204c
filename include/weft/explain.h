// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The record of a dry run: what the pipeline decides about one packet, stage by stage.
#pragma once

#include <stdbool.h>

#include "weft/drop.h"
#include "weft/stage.h"

#define WEFT_EXPLAIN_STEPS 48

struct weft_explain {
	unsigned int n_steps;
	struct {
		const char *stage; // its name; constant
		char text[120];
	} step[WEFT_EXPLAIN_STEPS];
	bool dropped;
	enum weft_drop_reason reason; // valid when dropped
	unsigned int n_outputs;	      // ports that would get the packet
};

// Records a decision of STAGE. Text that is too long is cut; what exceeds WEFT_EXPLAIN_STEPS is left out. Owner
// worker.
__attribute__((format(printf, 3, 4))) void
weft_explain_add(struct weft_explain *explain, enum weft_stage_number stage, const char *fmt, ...);
