// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Routes about NICs with SR-IOV: PFs and their VFs.
#include "backend.h"
#include "control/rest/http/params.h"
#include "relay.h"
#include "route.h"

static void
get_pf(struct request *r)
{
	backend_call(r, "function", json_pack("{s:s}", "pf", r->part[3]), relay_result);
}

// The body is {count}.
static void
post_pf(struct request *r)
{
	json_t *params = weft_params_body(r);

	if (params == NULL)
		return;
	json_object_set_new(params, "pf", json_string(r->part[3]));
	backend_call(r, "create_functions", params, relay_result);
}

static void
delete_pf(struct request *r)
{
	backend_call(r, "destroy_functions", json_pack("{s:s}", "pf", r->part[3]), relay_result);
}

const struct route vf_routes[] = {
	{ "GET", "state/functions", "the host's PFs and VFs, and what keeps a VF from being polled",
		.call = "functions" },
	{ "GET", "state/functions/{pf}", "a PF with its VFs, and what it enforces for them", .run = get_pf },
	{ "POST", "state/functions/{pf}", "makes VFs of a PF that has none: {count}", .body = true, .run = post_pf },
	{ "DELETE", "state/functions/{pf}", "removes the VFs that weft has made", .run = delete_pf },
	{ 0 },
};
