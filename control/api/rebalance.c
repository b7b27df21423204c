// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "rebalance.h"

#include <errno.h>

#include "weft/engine.h"

#include "control/state/state.h"

json_t *
weft_api_rebalance(const json_t *params, struct weft_error *err)
{
	struct weft_local *local = &weft_ctl.local;
	unsigned int moved;

	(void)params;
	if (local->prepared) {
		weft_fail(err, EBUSY, "a generation is being applied; try again in a moment");
		return NULL;
	}
	moved = weft_placement_rebalance(local->placement, weft_engine_n_workers());
	if (moved && weft_local_republish(local, true, err))
		return NULL;
	return json_pack("{s:i}", "moved", moved);
}
