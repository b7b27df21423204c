// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A stage of the pipeline and the chain that they form.
#pragma once

#include "weft/vec.h"

struct weft_worker;

// Looks at the lanes of MASK only, and returns those that go on; it has dropped the others (by
// weft_drop()), or given them to the outbox. With vec->dry_run it changes no state but the vector
// and its record. Runs on the worker: it neither allocates, logs, locks nor waits.
typedef weft_lanes (*weft_stage_fn)(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);

struct weft_stage {
	const char *name;
	weft_stage_fn run;
};

#define WEFT_N_STAGES 10

// The chain, in order (pipeline/stages/chain.c).
extern const struct weft_stage weft_chain[WEFT_N_STAGES];

// Runs the chain over all lanes of the vector. TIMED takes a time stamp at every stage's end.
void weft_chain_run(struct weft_worker *worker, struct weft_vec *vec, bool timed);
