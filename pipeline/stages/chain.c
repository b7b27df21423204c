// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The chain: which stages there are, in which order.
#include "weft/stage.h"

#include <rte_cycles.h>

#include "weft/worker.h"

const struct weft_stage weft_chain[WEFT_N_STAGES] = {
#define STAGE(name) { #name, weft_##name##_stage },
	WEFT_STAGES(STAGE)
#undef STAGE
};

// Runs the lanes MASK, which are to be judged by SNAP, from the stage on that looks at the policy first.
static void
run_by(struct weft_worker *worker, struct weft_vec *vec, const struct weft_snapshot *snap, weft_lanes mask)
{
	worker->present = worker->snap;
	worker->snap = snap;
	for (unsigned int i = WEFT_STAGE_vlan; i < WEFT_N_STAGES && mask; i++)
		mask = weft_chain[i].run(worker, vec, mask);
	worker->snap = worker->present;
	worker->present = NULL;
}

// Frames from hosts that have a change already that is to come here, or have not got the last one.
static __rte_noinline void
run_others(struct weft_worker *worker, struct weft_vec *vec)
{
	weft_lanes before = vec->before, next = vec->next;

	vec->before = vec->next = 0;
	if (before)
		run_by(worker, vec, worker->before, before);
	if (next)
		run_by(worker, vec, worker->next, next);
}

static void
run_timed(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	uint64_t start = rte_rdtsc_precise();

	for (unsigned int i = 0; i < WEFT_N_STAGES && mask; i++) {
		unsigned int n = (unsigned int)__builtin_popcountll(mask);
		uint64_t end;

		mask = weft_chain[i].run(worker, vec, mask);
		end = rte_rdtsc_precise();
		worker->stage[i].vectors++;
		worker->stage[i].lanes += n;
		worker->stage[i].timed_lanes += n;
		worker->stage[i].cycles += end - start;
		start = end;
	}
}

void
weft_chain_run(struct weft_worker *worker, struct weft_vec *vec, bool timed)
{
	weft_lanes mask = weft_lanes_all(vec->n);

	if (unlikely(timed)) {
		run_timed(worker, vec, mask);
		mask = 0;
	}
	for (unsigned int i = 0; i < WEFT_N_STAGES && mask; i++) {
		if (likely(!vec->dry_run)) {
			worker->stage[i].vectors++;
			worker->stage[i].lanes += (unsigned int)__builtin_popcountll(mask);
		}
		mask = weft_chain[i].run(worker, vec, mask);
	}
	if (unlikely(vec->before | vec->next))
		run_others(worker, vec);
}
