// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Runs the stages one after the other.
#include "weft/stage.h"

#include <rte_cycles.h>

#include "weft/worker.h"

const struct weft_stage weft_chain[WEFT_N_STAGES] = {
#define STAGE(name, runs, needed) { #name, weft_##name##_stage, needed, WEFT_STAGE_##runs },
	WEFT_STAGES(STAGE)
#undef STAGE
};

#define STAGE(name, runs, needed)                                                                                      \
	static_assert((WEFT_STAGE_##runs == WEFT_STAGE_AGAIN) == (WEFT_STAGE_##name >= WEFT_STAGE_vlan),               \
		"vlan sets frames aside: it and the stages behind it run AGAIN, those before it ONCE");
WEFT_STAGES(STAGE)
#undef STAGE

// Runs the lanes MASK, which SNAP judges, through the stages that depend on the policy.
static void
run_by(struct weft_worker *worker, struct weft_vec *vec, const struct weft_snapshot *snap, weft_lanes mask,
	const struct weft_stage *stages, unsigned int n)
{
	worker->generations.present = worker->snap;
	worker->snap = snap;
	for (unsigned int i = 0; i < n && mask; i++)
		if (stages[i].runs == WEFT_STAGE_AGAIN)
			mask = stages[i].run(worker, vec, mask);
	worker->snap = worker->generations.present;
	worker->generations.present = NULL;
}

// Runs the frames whose senders have judged them by the generation before or by the next one.
static __rte_noinline void
run_again(struct weft_worker *worker, struct weft_vec *vec, const struct weft_stage *stages, unsigned int n)
{
	weft_lanes before = vec->before, next = vec->next;

	vec->before = vec->next = 0;
	if (before)
		run_by(worker, vec, worker->generations.before, before, stages, n);
	if (next)
		run_by(worker, vec, worker->generations.next, next, stages, n);
}

static void
run_timed(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask, const struct weft_stage *stages,
	unsigned int n)
{
	uint64_t start = rte_rdtsc_precise();

	for (unsigned int i = 0; i < n && mask; i++) {
		unsigned int n_lanes = (unsigned int)__builtin_popcountll(mask);
		uint64_t end;

		mask = stages[i].run(worker, vec, mask);
		end = rte_rdtsc_precise();
		worker->counters.stage[i].vectors++;
		worker->counters.stage[i].lanes += n_lanes;
		worker->counters.stage[i].timed_lanes += n_lanes;
		worker->counters.stage[i].cycles += end - start;
		start = end;
	}
}

// Inlined, so that the compiler knows the chain's length.
static __rte_always_inline void
run(struct weft_worker *worker, struct weft_vec *vec, bool timed, const struct weft_stage *stages, unsigned int n)
{
	weft_lanes mask = weft_lanes_all(vec->n);

	if (unlikely(timed)) {
		run_timed(worker, vec, mask, stages, n);
		mask = 0;
	}
	for (unsigned int i = 0; i < n && mask; i++) {
		if (likely(!vec->dry_run)) {
			worker->counters.stage[i].vectors++;
			worker->counters.stage[i].lanes += (unsigned int)__builtin_popcountll(mask);
		}
		mask = stages[i].run(worker, vec, mask);
	}
	if (unlikely(vec->before | vec->next))
		run_again(worker, vec, stages, n);
}

void
weft_chain_run(struct weft_worker *worker, struct weft_vec *vec, bool timed)
{
	run(worker, vec, timed, weft_chain, WEFT_N_STAGES);
}

void
weft_chain_run_stages(
	struct weft_worker *worker, struct weft_vec *vec, bool timed, const struct weft_stage *stages, unsigned int n)
{
	run(worker, vec, timed, stages, n);
}

bool
weft_stage_skipped(const struct weft_snapshot *snap __rte_unused, uint16_t slot __rte_unused)
{
	return false;
}

bool
weft_chain_needed(const struct weft_snapshot *snap, uint16_t slot)
{
	for (unsigned int i = 0; i < WEFT_N_STAGES; i++)
		if (weft_chain[i].needed(snap, slot))
			return true;
	return false;
}
