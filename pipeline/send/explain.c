// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The record of a dry run.
#include "weft/explain.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[WEFT_N_STAGES] = {
#define STAGE(name, runs, needed) #name,
	WEFT_STAGES(STAGE)
#undef STAGE
};

void
weft_explain_add(struct weft_explain *explain, enum weft_stage_number stage, const char *fmt, ...)
{
	va_list ap;

	if (explain->n_steps >= WEFT_EXPLAIN_STEPS)
		return;
	explain->step[explain->n_steps].stage = names[stage];
	va_start(ap, fmt);
	vsnprintf(explain->step[explain->n_steps].text, sizeof(explain->step[0].text), fmt, ap);
	va_end(ap);
	explain->n_steps++;
}
