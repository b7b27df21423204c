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

// The stages, in their order: the one list of them. A stage NAME is the function weft_NAME_stage() in
// pipeline/stages/NAME.c.
#define WEFT_STAGES(STAGE)                                                                                             \
	STAGE(parse)                                                                                                   \
	STAGE(tunnel)                                                                                                  \
	STAGE(vlan)                                                                                                    \
	STAGE(guard)                                                                                                   \
	STAGE(class)                                                                                                   \
	STAGE(learn)                                                                                                   \
	STAGE(forward)                                                                                                 \
	STAGE(firewall)                                                                                                \
	STAGE(flood)                                                                                                   \
	STAGE(output)

enum weft_stage_number {
#define STAGE(name) WEFT_STAGE_##name,
	WEFT_STAGES(STAGE)
#undef STAGE
		WEFT_N_STAGES
};

#define STAGE(name) weft_lanes weft_##name##_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);
WEFT_STAGES(STAGE)
#undef STAGE

struct weft_stage {
	const char *name;
	weft_stage_fn run;
};

// The chain, in order (pipeline/stages/chain.c).
extern const struct weft_stage weft_chain[WEFT_N_STAGES];

// Runs the chain over all lanes of the vector. TIMED takes a time stamp at the end of every stage. Owner worker.
void weft_chain_run(struct weft_worker *worker, struct weft_vec *vec, bool timed);
