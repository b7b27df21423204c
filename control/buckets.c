// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A tenant with a rate has a bucket of the data plane's as long as it has ports here and that rate.
#include "buckets.h"

#include "weft/engine.h"

#include "plans.h"

int
weft_bucket_of(struct weft_placement *placement, const struct weft_model *model, const struct weft_port *port)
{
	const struct weft_limits *limits = weft_model_limits(model, port);
	char tenant[WEFT_NAME_SIZE];
	int bucket;

	if (limits == NULL || limits->rate == 0 || port->network[0] == 0)
		return 0;
	weft_object_tenant(&port->o, tenant);
	bucket = (int)json_integer_value(json_object_get(placement->buckets, tenant));
	for (int i = 1; bucket == 0 && i < WEFT_MAX_BUCKETS; i++)
		if (!placement->bucket_used[i])
			bucket = i;
	if (bucket == 0)
		return -ENOSPC;
	placement->bucket_used[bucket] = true;
	json_object_set_new(placement->buckets, tenant, json_integer(bucket));
	return bucket;
}

// Every worker may overdraw by a frame.
static struct weft_byte_rate
rate_of(const struct weft_local *local, uint64_t bits)
{
	uint32_t frame = weft_frame_of(weft_model_largest_mtu(local->model)), over = weft_engine_n_workers() * frame;
	struct weft_plan_way way = { .rate = bits };

	return weft_byte_rate(bits, RTE_MAX(weft_plan_burst(&way, frame), over + frame), over, local->tsc_hz);
}

void
weft_buckets_sync(struct weft_local *local)
{
	struct weft_placement *placement = local->placement;
	const char *tenant;
	json_t *value;
	void *next;

	json_object_foreach_safe (placement->buckets, next, tenant, value) {
		const struct weft_limits *limits = weft_model_tenant_limits(local->model, tenant);
		uint16_t bucket = json_integer_value(value);
		uint64_t bits = limits ? limits->rate : 0;
		struct weft_byte_rate rate;

		if (bits)
			rate = rate_of(local, bits);
		if (bits != placement->bucket_rate[bucket] && weft_engine_set_bucket(bucket, bits ? &rate : NULL) == 0)
			placement->bucket_rate[bucket] = bits;
		if (bits == 0) {
			placement->bucket_used[bucket] = false;
			json_object_del(placement->buckets, tenant);
		}
	}
}
