// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reads from a packet what rules match on.
#include "flow.h"

#include <netinet/in.h>

#include "weft/worker.h"

struct flow
weft_flow_of(const struct weft_worker *worker, const struct weft_lane *lane, const struct rte_mbuf *m)
{
	const uint8_t *l3 = rte_pktmbuf_mtod(m, const uint8_t *) + lane->l3_off, *l4 = weft_flow_l4(lane, m);
	bool v6 = lane->flags & WEFT_LANE_IPV6;
	struct flow flow = {
		.src = l3 + (v6 ? 8 : 12),
		.dst = l3 + (v6 ? 24 : 16),
		.v6 = v6,
		.proto = lane->proto,
		.domain = lane->domain,
		.checked = weft_flow_is_checked(worker, lane),
		.from = weft_flow_place(weft_snapshot_slot(worker->snap, lane->in), lane->in),
		.to = weft_flow_place(weft_snapshot_slot(worker->snap, lane->out), lane->out),
	};

	if (!(lane->flags & WEFT_LANE_L4))
		return flow;
	if (lane->proto == IPPROTO_ICMP || lane->proto == IPPROTO_ICMPV6)
		flow.service = (uint16_t)(l4[0] << 8 | l4[1]);
	else
		flow.service = (uint16_t)(l4[2] << 8 | l4[3]);
	return flow;
}
