// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The stages of the pipeline and the chain that they form.
#pragma once

#include "weft/vec.h"

struct weft_worker;
struct weft_snapshot;

// Looks at the lanes of MASK only, and returns those that go on; it has dropped the others, or put them into the
// outbox. With vec->dry_run it changes nothing but the vector and its record. Runs on the worker: it neither
// allocates, logs, locks nor waits.
typedef weft_lanes (*weft_stage_fn)(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);

// Whether the stage does something for packets of the port in SLOT that hardware does not do: then hardware may not
// carry connections of this port. Any thread.
typedef bool (*weft_needed_fn)(const struct weft_snapshot *snap, uint16_t slot);

// All stages in their order: the only list of them. The columns:
// - the name, as explain and the statistics show it; weft_<name>_stage() in pipeline/stages/<name>.c is the stage;
// - ONCE or AGAIN: frames that another generation judges go through the stages marked AGAIN a second time, with the
//   snapshot of that generation; vlan sets them aside, and is the first of these stages;
// - whether hardware may skip the stage: a weft_needed_fn.
#define WEFT_STAGES(STAGE)                                                                                             \
	STAGE(parse, ONCE, weft_stage_skipped)                                                                         \
	STAGE(tunnel, ONCE, weft_tunnel_needed)                                                                        \
	STAGE(vlan, AGAIN, weft_vlan_needed)                                                                           \
	STAGE(guard, AGAIN, weft_stage_skipped)                                                                        \
	STAGE(class, AGAIN, weft_class_needed)                                                                         \
	STAGE(learn, AGAIN, weft_stage_skipped)                                                                        \
	STAGE(forward, AGAIN, weft_stage_skipped)                                                                      \
	STAGE(firewall, AGAIN, weft_firewall_needed)                                                                   \
	STAGE(flood, AGAIN, weft_stage_skipped)                                                                        \
	STAGE(output, AGAIN, weft_output_needed)

enum weft_stage_runs { WEFT_STAGE_ONCE, WEFT_STAGE_AGAIN };

enum weft_stage_number {
#define STAGE(name, runs, needed) WEFT_STAGE_##name,
	WEFT_STAGES(STAGE)
#undef STAGE
		WEFT_N_STAGES
};

#define STAGE(name, runs, needed)                                                                                      \
	weft_lanes weft_##name##_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);             \
	bool needed(const struct weft_snapshot *snap, uint16_t slot);
WEFT_STAGES(STAGE)
#undef STAGE

struct weft_stage {
	const char *name;
	weft_stage_fn run;
	weft_needed_fn needed;
	enum weft_stage_runs runs;
};

// The chain, in order (pipeline/stages/chain.c).
extern const struct weft_stage weft_chain[WEFT_N_STAGES];

// Runs the chain over all lanes of the vector. TIMED takes a time stamp at the end of every stage. Owner worker.
void weft_chain_run(struct weft_worker *worker, struct weft_vec *vec, bool timed);

// The same with the first N of STAGES in place of the chain; N is WEFT_N_STAGES at most.
void weft_chain_run_stages(
	struct weft_worker *worker, struct weft_vec *vec, bool timed, const struct weft_stage *stages, unsigned int n);

// Whether some stage is needed for packets of the port in SLOT, so that hardware may not carry its connections. Any
// thread.
bool weft_chain_needed(const struct weft_snapshot *snap, uint16_t slot);
