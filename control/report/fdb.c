// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fdb.h"

#include <stdlib.h>

#include "weft/engine.h"

#include "control/base/address.h"
#include "control/state/state.h"

#define MAX_ROWS 65536u

json_t *
weft_report_fdb(const json_t *params, struct weft_error *err)
{
	struct weft_fdb_row *rows = calloc(MAX_ROWS, sizeof(*rows));
	const struct weft_snapshot *snap = weft_engine_snapshot();
	json_t *result = json_array();
	uint32_t n = rows ? weft_engine_fdb(rows, MAX_ROWS) : 0;

	(void)params, (void)err;
	for (uint32_t i = 0; i < RTE_MIN(n, MAX_ROWS); i++) {
		const struct weft_domain *domain = weft_snapshot_domain(snap, rows[i].key >> 48);
		char mac[WEFT_MAC_TEXT];

		weft_mac_format(rows[i].key & UINT64_C(0xffffffffffff), mac);
		json_array_append_new(result,
			json_pack("{s:s, s:s, s:s, s:I}", "mac", mac, "domain", domain->name ? domain->name : "",
				"port", weft_ctl.local.placement->place[rows[i].port].path, "age_s",
				(json_int_t)rows[i].age_s));
	}
	free(rows);
	return result;
}
