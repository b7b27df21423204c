// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "uplink_rate.h"

#include "weft/engine.h"

#include "control/compile/plans.h"

// The burst: this part of a second at the rate, and at least so many frames.
#define BURST_PER_SECOND 1000
#define BURST_FRAMES	 4

uint64_t
weft_uplink_rate(const struct weft_local *local)
{
	const struct weft_placement *placement = local->placement;
	const struct weft_port *uplink =
		placement->uplink ? weft_model_port(local->model, placement->place[placement->uplink].path) : NULL;

	return uplink ? uplink->rate : 0;
}

struct sum {
	const struct weft_model *model;
	uint64_t bits;
	unsigned int ports;
};

static void
add(void *arg, const struct weft_port *port)
{
	struct sum *sum = arg;
	// Packets of a VF that is passed through do not leave by the uplink.
	bool counts = port->network[0] && !weft_port_is_passed_through(port);
	const struct weft_plan *plan = counts ? weft_model_port_plan(sum->model, port) : NULL;

	if (plan == NULL || plan->min_rate == 0)
		return;
	sum->bits += plan->min_rate;
	sum->ports++;
}

uint64_t
weft_uplink_guaranteed(const struct weft_local *local)
{
	struct sum sum = { .model = local->model };

	weft_local_each(local, add, &sum);
	return sum.bits;
}

int
weft_uplink_rate_check(const struct weft_local *local, struct weft_error *err)
{
	uint64_t rate = weft_uplink_rate(local);
	struct sum sum = { .model = local->model };

	if (rate == 0)
		return 0;
	weft_local_each(local, add, &sum);
	if (sum.bits <= rate)
		return 0;
	return weft_fail(err, ENOSPC,
		"host %s: the guarantees (min_rate) of %u ports are %llu bit/s together, and its uplink %s has a rate "
		"of %llu: lower them by %llu, or raise the rate",
		local->host, sum.ports, (unsigned long long)sum.bits,
		local->placement->place[local->placement->uplink].path, (unsigned long long)rate,
		(unsigned long long)(sum.bits - rate));
}

void
weft_uplink_rate_sync(struct weft_local *local)
{
	struct weft_bucket *b = &local->placement->bucket[WEFT_BUCKET_UPLINK];
	uint64_t bits = weft_uplink_rate(local), burst;
	struct weft_bucket_rate rate;
	uint32_t frame;

	if (bits == b->limit)
		return;
	frame = weft_frame_of(weft_model_largest_mtu(local->model));
	burst = RTE_MAX(bits / 8 / BURST_PER_SECOND, (uint64_t)BURST_FRAMES * frame);
	if (bits)
		rate.now = rate.fenced =
			weft_byte_rate(bits, (uint32_t)RTE_MIN(burst, UINT64_C(1) << 31), frame, local->tsc_hz);
	if (weft_engine_set_bucket(WEFT_BUCKET_UPLINK, bits ? &rate : NULL) == 0)
		b->limit = bits;
}
