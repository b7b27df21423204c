// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "kind_plan.h"

#include <stdio.h>

#include "control/base/rate.h"

#define OF_NO_PORT "concerns no port that exists"

static const char *const isolations[] = { "keep", "deny-new", "deny-all", NULL };

static const struct weft_field direction_fields[] = {
	{ "rate", WEFT_FIELD_CUSTOM, WEFT_AT(weft_plan_limits, rate), .parse = weft_parse_rate,
		.schema = WEFT_RATE_SCHEMA, .help = "bits per second of L2 frames without FCS; the default is no limit",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "burst", WEFT_FIELD_UINT, WEFT_AT(weft_plan_limits, burst), .min = WEFT_MTU_MIN, .max = UINT32_MAX,
		.help = "bytes that may pass at once, more than a frame; the default is 20 ms of the rate, at least two frames",
		.vf = { WEFT_BY_NOBODY, "the hardware has a burst of its own" } },
	{ "pps", WEFT_FIELD_UINT, WEFT_AT(weft_plan_limits, pps), .min = 1, .max = 1000000000,
		.help = "packets per second; the default is no limit",
		.vf = { WEFT_BY_NOBODY, "the hardware does not count packets" } },
	{ 0 },
};

static int
parse_dscp(const json_t *value, void *to, char expected[160])
{
	snprintf(expected, 160, "a number from 0 to 63");
	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > 63)
		return -1;
	*(int16_t *)to = json_integer_value(value);
	return 0;
}

static const struct weft_field plan_fields[] = {
	{ "from_vm", WEFT_FIELD_OBJECT, .offset = offsetof(struct weft_plan, from_vm), .fields = direction_fields,
		.help = "what the VM may send" },
	{ "to_vm", WEFT_FIELD_OBJECT, .offset = offsetof(struct weft_plan, to_vm), .fields = direction_fields,
		.help = "what the VM may receive",
		.vf = { WEFT_BY_NOBODY, "the hardware does not limit what a VF receives" } },
	{ "min_rate", WEFT_FIELD_CUSTOM, WEFT_AT(weft_plan, min_rate), .parse = weft_parse_rate,
		.schema = WEFT_RATE_SCHEMA, .help = "bits per second that a congested uplink guarantees to the port",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "weight", WEFT_FIELD_UINT, WEFT_AT(weft_plan, weight), .min = 1, .max = 1000, .preset = "100",
		.help = "the port's weight in what the guarantees leave", .vf = { WEFT_BY_JUDGE, NULL } },
	{ "dscp", WEFT_FIELD_CUSTOM, WEFT_AT(weft_plan, dscp), .parse = parse_dscp,
		.schema = "{\"type\":\"integer\",\"minimum\":0,\"maximum\":63}",
		.help = "the DSCP of the packets that the VM sends; the default is the VM's own",
		.vf = { WEFT_BY_NOBODY, "the hardware does not mark" } },
	{ 0 },
};

static void
init_plan(struct weft_object *object)
{
	((struct weft_plan *)object)->dscp = -1;
}

static int
check_plan(const char *where, const struct weft_object *object, struct weft_error *err)
{
	const struct weft_plan *plan = (const struct weft_plan *)object;

	if (plan->from_vm.rate && plan->min_rate > plan->from_vm.rate)
		return weft_fail(err, EINVAL, "%s.min_rate: %llu is more than from_vm.rate, %llu", where,
			(unsigned long long)plan->min_rate, (unsigned long long)plan->from_vm.rate);
	return 0;
}

const struct weft_kind weft_kind_plan = {
	.name = "plan",
	.plural = "plans",
	.help = "a data plan: what a VM may send and receive",
	.in_tenant = true,
	.size = sizeof(struct weft_plan),
	.fields = plan_fields,
	.init = init_plan,
	.check = check_plan,
};

static const struct weft_field limits_fields[] = {
	{ "ports", WEFT_FIELD_UINT, WEFT_AT(weft_limits, ports), .max = 1u << 24,
		.help = "the most ports of the tenant on all hosts; 0, the default: no limit",
		.vf = { WEFT_BY_SOFTWARE, "checked when ports are added" } },
	{ "sessions", WEFT_FIELD_UINT, WEFT_AT(weft_limits, sessions), .max = 1ull << 32,
		.help = "the most connections of one port; 0, the default: a quarter of a worker's table",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "half_open_sessions", WEFT_FIELD_UINT, WEFT_AT(weft_limits, half_open), .max = 1ull << 32,
		.help = "the most connections of one port without an answer; 0, the default: a 64th of a worker's table",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "fragmented", WEFT_FIELD_UINT, WEFT_AT(weft_limits, fragmented), .max = 65536,
		.help = "the most fragmented datagrams of one port at a time; 0, the default: 256",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "new_sessions_per_second", WEFT_FIELD_UINT, WEFT_AT(weft_limits, new_sessions_per_second), .max = 1ull << 32,
		.help = "the most new connections of one port in a second; 0, the default: no limit",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ "rate", WEFT_FIELD_CUSTOM, WEFT_AT(weft_limits, rate), .parse = weft_parse_rate, .schema = WEFT_RATE_SCHEMA,
		.help = "bits per second of the tenant on all hosts together; the default is no limit",
		.vf = { WEFT_BY_NOBODY, "the hardware's rates are each VF's own" } },
	{ "on_isolation", WEFT_FIELD_ENUM, WEFT_AT(weft_limits, on_isolation), .names = isolations,
		.preset = "\"keep\"", .help = "what a host that lost the cluster does with the tenant's ports",
		.vf = { WEFT_BY_JUDGE, NULL } },
	{ 0 },
};

const struct weft_kind weft_kind_limits = {
	.name = "limits",
	.plural = "limits",
	.help = "a tenant's limits, and what its ports do on a host that lost the cluster",
	.in_tenant = true,
	.providers = true,
	.single = true,
	.size = sizeof(struct weft_limits),
	.fields = limits_fields,
};

static const struct weft_field retired_fields[] = {
	{ "network", WEFT_FIELD_STRING, WEFT_AT(weft_retired, network), .required = true, .help = "the port's network",
		.vf = { WEFT_BY_NOTHING, OF_NO_PORT } },
	{ "mac", WEFT_FIELD_CUSTOM, WEFT_AT(weft_retired, mac), .parse = weft_parse_mac, .schema = WEFT_MAC_SCHEMA,
		.help = "the port's MAC", .vf = { WEFT_BY_NOTHING, OF_NO_PORT } },
	{ "ips", WEFT_FIELD_CUSTOM, WEFT_AT(weft_retired, ips), .parse = weft_parse_ips, .schema = WEFT_IPS_SCHEMA,
		.help = "the port's addresses", .vf = { WEFT_BY_NOTHING, OF_NO_PORT } },
	{ "until", WEFT_FIELD_UINT, WEFT_AT(weft_retired, until), .required = true, .max = 1ull << 40,
		.help = "seconds since 1970 until which no other port may have the addresses",
		.vf = { WEFT_BY_NOTHING, OF_NO_PORT } },
	{ 0 },
};

const struct weft_kind weft_kind_retired = {
	.name = "retired",
	.plural = "retired",
	.help = "the addresses of a retired port, which no other port may have for a time; 'weftctl retire' makes it",
	.in_tenant = true,
	.size = sizeof(struct weft_retired),
	.fields = retired_fields,
};
