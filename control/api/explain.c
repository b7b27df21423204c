// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "explain.h"

#include <errno.h>
#include <string.h>

#include "weft/engine.h"
#include "weft/explain.h"

#include "control/report/select.h"
#include "control/state/state.h"
#include "frame.h"

json_t *
weft_api_explain(const json_t *params, struct weft_error *err)
{
	const char *hex = json_string_value(json_object_get(params, "frame"));
	const char *to = json_string_value(json_object_get(params, "to"));
	const struct weft_port *port = weft_select_port(params, err);
	struct weft_explain explain;
	uint8_t frame[WEFT_FRAME_MAX];
	json_t *steps, *result;
	int len, ret;

	if (port == NULL)
		return NULL;
	if (!hex == !to) {
		weft_fail(err, EINVAL, "params: give either frame, in hexadecimal, or to, a MAC or an IP address");
		return NULL;
	}
	if (weft_port_is_passed_through(port)) {
		weft_fail(err, EOPNOTSUPP,
			"port %s: its VF is passed through, so its packets do not pass weft; ask its PF's switch",
			port->o.path);
		return NULL;
	}
	len = hex ? weft_frame_from_hex(hex, frame, err) : weft_frame_build(port, to, frame, err);
	if (len < 0)
		return NULL;
	ret = weft_engine_explain(weft_placement_find(weft_ctl.local.placement, port->o.path), frame, len, &explain);
	if (ret) {
		weft_fail(err, -ret, "port %s: cannot explain: %s", port->o.path, strerror(-ret));
		return NULL;
	}
	steps = json_array();
	for (unsigned int i = 0; i < explain.n_steps; i++)
		json_array_append_new(steps,
			json_pack("{s:s, s:s}", "stage", explain.step[i].stage, "decision", explain.step[i].text));
	result = json_pack("{s:s, s:i, s:i, s:o}", "port", port->o.path, "length", len, "outputs", explain.n_outputs,
		"steps", steps);
	json_object_set_new(result, "verdict", json_string(explain.n_outputs ? "delivered" : "dropped"));
	if (explain.dropped)
		json_object_set_new(result, "drop", json_string(weft_drop_name(explain.reason)));
	return result;
}
