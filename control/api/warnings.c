// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "warnings.h"

#include <string.h>

#include "control/host/uplink_rate.h"
#include "control/compile/rule_order.h"
#include "control/state/state.h"

#include "overlaps.h"

struct counts {
	unsigned int uplink, unnamed, lenient;
};

static const char *
text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void
count(struct counts *counts, const json_t *object)
{
	const json_t *weight = json_object_get(object, "weight");

	counts->uplink +=
		json_object_get(object, "min_rate") || (weight && json_integer_value(weight) != WEFT_WEIGHT_DEFAULT);
	counts->lenient += strcmp(text_in(json_object_get(object, "attach"), "enforce"), "lenient") == 0;
	counts->unnamed += json_array_size(json_object_get(object, "groups")) &&
			   !json_array_size(json_object_get(object, "ips")) && json_object_get(object, "network");
}

// Warns of rules that repeat, contradict or hide others.
static void
look_at_rules(const char *key, const json_t *json, json_t *warnings)
{
	struct weft_error err;
	json_t *copy = json_array_size(json_object_get(json, "rules")) > 1 ? json_deep_copy(json) : NULL;
	struct weft_object *object = copy ? weft_object_new(key, copy, &err) : NULL;

	if (object)
		weft_rule_order_warn(object, warnings);
	weft_object_free(object);
	json_decref(copy);
}

json_t *
weft_warnings(const struct weft_model *model, const json_t *changes)
{
	struct counts counts = { 0 };
	json_t *warnings = json_array(), *object;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)changes, key, object) {
		count(&counts, object);
		look_at_rules(key, object, warnings);
	}
	weft_overlaps_warn(model, changes, warnings);
	if (counts.uplink && weft_uplink_rate(&weft_ctl.local) == 0)
		json_array_append_new(warnings,
			json_sprintf("%u plan(s) have min_rate or weight, which take effect only on hosts whose uplink "
				     "has a rate; this host's uplink has none ('weftctl set port UPLINK rate=10G')",
				counts.uplink));
	if (counts.lenient)
		json_array_append_new(warnings,
			json_sprintf("%u port(s) allow that hardware enforces only a part of their policy (lenient); "
				     "'weftctl port show' lists what it does not enforce",
				counts.lenient));
	if (counts.unnamed)
		json_array_append_new(warnings,
			json_sprintf("%u port(s) are in groups but have no ips: rules that name these groups as remote "
				     "do not match them",
				counts.unnamed));
	return warnings;
}
