// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "books.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/engine.h"

#include "control/state/state.h"
#include "select.h"

void
weft_report_read_counters(uint16_t slot, struct weft_port_stats *stats)
{
	const uint64_t *before = (const uint64_t *)&weft_ctl.local.placement->place[slot].before;
	uint64_t *now = (uint64_t *)stats;

	weft_engine_port_stats(slot, stats);
	for (unsigned int i = 0; i < sizeof(*stats) / sizeof(*now); i++)
		now[i] -= before[i];
}

struct drops_query {
	json_t *rows;
	const char *only; // the port's full name; NULL: all ports
};

static void
add_drops(void *arg, const struct weft_port *port)
{
	const struct drops_query *query = arg;
	struct weft_port_stats stats;

	if (query->only && strcmp(query->only, port->o.path))
		return;
	weft_report_read_counters(weft_placement_find(weft_ctl.local.placement, port->o.path), &stats);
	for (unsigned int r = 0; r < WEFT_N_DROPS; r++)
		if (stats.drop[r])
			json_array_append_new(query->rows,
				json_pack("{s:s, s:s, s:I, s:s}", "port", port->o.path, "reason", weft_drop_name(r),
					"packets", stats.drop[r], "text", weft_drop_text(r)));
}

json_t *
weft_report_drops(const json_t *params, struct weft_error *err)
{
	struct drops_query query = { .rows = NULL };
	const struct weft_port *port;

	if (json_object_get(params, "port")) {
		port = weft_select_port(params, err);
		if (port == NULL)
			return NULL;
		query.only = port->o.path;
	}
	query.rows = json_array();
	weft_local_each(&weft_ctl.local, add_drops, &query);
	return query.rows;
}

static json_t *
audit_row(const char *name, const struct weft_audit_row *row)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "port", name, "rx", row->rx, "created",
		row->created, "sent", row->sent, "taken", row->taken, "dropped", row->dropped, "held", row->held,
		"missing", row->missing);
}

json_t *
weft_report_audit(const json_t *params, struct weft_error *err)
{
	struct weft_audit *audit = malloc(sizeof(*audit));
	int ret = audit ? weft_engine_audit(audit) : -ENOMEM;
	json_t *rows, *result;

	(void)params;
	if (ret) {
		weft_fail(err, -ret, "cannot check the books: %s", strerror(-ret));
		free(audit);
		return NULL;
	}
	rows = json_array();
	for (unsigned int i = 1; i < WEFT_MAX_PORTS; i++) {
		const struct weft_place *place = &weft_ctl.local.placement->place[i];
		char name[WEFT_PATH_SIZE + 32];

		if (audit->port[i].rx == 0 && audit->port[i].created == 0 && audit->port[i].missing == 0)
			continue;
		snprintf(name, sizeof(name), "%s", place->path);
		if (!place->path[0])
			snprintf(name, sizeof(name), "(removed, slot %u)", i);
		json_array_append_new(rows, audit_row(name, &audit->port[i]));
	}
	result = audit_row("(all)", &audit->total);
	json_object_set_new(result, "balanced", json_boolean(audit->balanced));
	json_object_set_new(result, "in_rings", json_integer(audit->in_rings));
	json_object_set_new(result, "ports", rows);
	free(audit);
	return result;
}
