// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "firewall.h"

#include <string.h>

#include "weft/engine.h"

#include "control/compile/rulebook.h"
#include "control/state/state.h"
#include "control/policy/names.h"

struct rules_query {
	json_t *rows;
	const char *part; // occurs in the rule's name; NULL: any
};

static void
add_rule(void *arg, uint32_t counter, const char *name)
{
	const struct rules_query *q = arg;
	struct weft_rule_stats stats;
	json_t *row;

	if (q->part && strstr(name, q->part) == NULL)
		return;
	weft_engine_rule_stats(counter, &stats);
	row = json_pack("{s:s, s:I, s:I, s:I}", "rule", name, "packets", (json_int_t)stats.packets, "bytes",
		(json_int_t)stats.bytes, "connections", (json_int_t)stats.connections);
	if (stats.last != UINT32_MAX)
		json_object_set_new(row, "last_hit_s", json_integer(stats.last));
	json_array_append_new(q->rows, row);
}

json_t *
weft_report_rules(const json_t *params, struct weft_error *err)
{
	struct rules_query q = { .rows = json_array(), .part = json_string_value(json_object_get(params, "name")) };

	(void)err;
	weft_rulebook_each(add_rule, &q);
	return q.rows;
}

static void
add_member(json_t *members, const struct weft_port *port)
{
	json_t *port_json = json_loads(port->o.text, 0, NULL), *ips = json_object_get(port_json, "ips");

	json_array_append_new(members, json_pack("{s:s, s:s, s:s, s:O, s:b}", "port", port->o.path, "host",
					       port->host[0]	      ? port->host
					       : weft_ctl.local.alone ? weft_ctl.local.host
								      : "",
					       "network", port->network, "ips", ips ? ips : json_null(), "here",
					       weft_local_has(&weft_ctl.local, port)));
	json_decref(port_json);
}

json_t *
weft_report_group(const json_t *params, struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "name"));
	char path[WEFT_PATH_SIZE], key[WEFT_KEY_SIZE];
	const struct weft_group *group;
	json_t *members;

	if (name == NULL) {
		weft_fail(err, EINVAL, "params.name: missing; give the name of a group");
		return NULL;
	}
	weft_full_name(name, path);
	weft_key_make(&weft_kind_group, path, key);
	group = weft_rules_of(weft_model_get(weft_ctl.local.model, key));
	if (group == NULL) {
		weft_fail(err, ENOENT, "there is no group %s; see 'weftctl get group'", path);
		return NULL;
	}
	members = json_array();
	for (const struct weft_user *user = weft_model_users(weft_ctl.local.model, key); user; user = user->hh.next)
		if (weft_is_port(user->object))
			add_member(members, (const struct weft_port *)user->object);
	return json_pack("{s:s, s:i, s:o}", "group", path, "rules", (int)group->rules.n, "members", members);
}
