// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Sends a frame to a port for the stages that end a packet's way.
#pragma once

#include "pipeline/firewall/reject.h"
#include "pipeline/send/drop.h"
#include "pipeline/send/emit.h"
#include "pipeline/send/port.h"

// Sends M, a frame of LANE, to the port OUT, or drops it; M is gone afterwards. If M is larger than the port takes,
// its sender is told the MTU. In a dry run M stays as it is.
static inline void
deliver(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, uint16_t out,
	struct rte_mbuf *m)
{
	int bad = weft_emit(worker, vec, lane, out, m);

	if (likely(bad < 0))
		return;
	if (bad == WEFT_DROP_OUT_MTU) {
		const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, out);

		weft_reject_too_big(worker, vec, lane, m, weft_port_mtu(port, worker->snap, lane->domain));
	}
	weft_drop_mbuf(worker, m, bad);
}
