// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Converts rates to costs in TSC cycles, and chooses bursts and queues that a plan does not give.
#include "plans.h"

#include <rte_ether.h>

#include "refcount.h"

#define TAGS 8 // bytes of VLAN tags in a frame, at most

// By default 20 ms of the rate may pass at once, and 50 ms of it may wait for the VM; at least these numbers of frames.
#define BURST_PER_SECOND 50
#define BURST_FRAMES	 2
#define QUEUE_PER_SECOND 20
#define QUEUE_FRAMES	 8
// Frames are marked that have waited for a tenth of the time that a full queue takes.
#define MARK_PART 10
// The fewest packets that may pass at once.
#define BURST_PACKETS 32

uint32_t
weft_frame_of(uint16_t mtu)
{
	return mtu + RTE_ETHER_HDR_LEN + TAGS;
}

uint32_t
weft_plan_burst(const struct weft_plan_limits *limits, uint32_t frame)
{
	uint64_t burst =
		limits->burst ? limits->burst : RTE_MAX(limits->rate / 8 / BURST_PER_SECOND, BURST_FRAMES * frame);

	return (uint32_t)RTE_MIN(burst, (uint64_t)UINT32_MAX);
}

static int
compile_limit(const char *whose, const char *name, const struct weft_plan_limits *from, const struct weft_port *port,
	uint16_t mtu, uint64_t hz, struct weft_plan_limit *limit, struct weft_error *err)
{
	uint32_t frame = weft_frame_of(mtu), burst = weft_plan_burst(from, frame);

	if (from->rate && burst <= frame)
		return weft_fail(err, EINVAL,
			"plan %s: %s.burst has %u bytes, and a frame of port %s (MTU %u) needs at least %u", whose,
			name, burst, port->o.path, mtu, frame + 1);
	if (from->rate) {
		uint64_t queue = RTE_MAX(from->rate / 8 / QUEUE_PER_SECOND, (uint64_t)QUEUE_FRAMES * frame);

		limit->rate = weft_byte_rate(from->rate, burst, frame, hz);
		limit->queue = (uint32_t)RTE_MIN(queue, (uint64_t)UINT32_MAX);
		limit->mark_after = (uint64_t)((double)limit->queue * 8 / from->rate * hz / MARK_PART);
	} else {
		limit->queue = QUEUE_FRAMES * BURST_PACKETS * frame;
		limit->mark_after = hz / QUEUE_PER_SECOND / MARK_PART;
	}
	if (from->pps)
		limit->packets = (struct weft_rate){ .cost = RTE_MAX(hz / from->pps, UINT64_C(1)) };
	limit->packets.burst = limit->packets.cost * RTE_MAX(from->pps / BURST_PER_SECOND, (uint64_t)BURST_PACKETS);
	return 0;
}

int
weft_build_plan(struct weft_build *build, const struct weft_model *model, const struct weft_port *port,
	struct weft_port_conf *conf, struct weft_error *err)
{
	const struct weft_plan *plan = weft_model_port_plan(model, port);
	struct weft_plan_limits least = { .rate = plan ? plan->min_rate : 0 };
	struct weft_plan_limits uplink = { .rate = port->rate };
	uint32_t frame = weft_frame_of(conf->mtu);
	struct weft_port_plan *compiled;
	int ret = weft_placement_bucket(build->placement, model, port);

	if (ret < 0)
		return weft_fail(err, -ret,
			"port %s: %u tenants have a rate, which is the most; remove one tenant's rate first",
			port->o.path, WEFT_MAX_BUCKETS - 1);
	conf->bucket = (uint16_t)ret;
	if (plan == NULL && conf->bucket == 0 && port->rate == 0)
		return 0;
	if (conf->owner == WEFT_OWNER_EACH)
		return weft_fail(err, EINVAL,
			"port %s: its device is open with a queue for every worker, and a plan or a rate needs a single "
			"queue: delete the port, and add it again with its plan or rate",
			port->o.path);
	if (plan == NULL && port->rate == 0)
		return 0;
	compiled = weft_refcount_new(sizeof(*compiled), true);
	if (compiled == NULL)
		return weft_fail(err, ENOMEM, "port %s: no memory for its plan", port->o.path);
	conf->plan = compiled;
	if (plan == NULL)
		return compile_limit(port->o.path, "", &uplink, port, conf->mtu, build->hz, &compiled->to_vm, err);
	conf->mark = (uint8_t)(plan->dscp + 1);
	build->snap->marks = build->snap->marks || conf->mark;
	compiled->turn = plan->weight * WEFT_WEIGHT_BYTES;
	if (plan->min_rate)
		compiled->least = weft_byte_rate(plan->min_rate, weft_plan_burst(&least, frame), frame, build->hz);
	ret = compile_limit(
		plan->o.path, "from_vm", &plan->from_vm, port, conf->mtu, build->hz, &compiled->from_vm, err);
	return ret ? ret
		   : compile_limit(
			     plan->o.path, "to_vm", &plan->to_vm, port, conf->mtu, build->hz, &compiled->to_vm, err);
}
