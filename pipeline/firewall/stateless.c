// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Decides about packets that do not show their connection by themselves: later fragments and ICMP.
#include "stateless.h"

#include "pipeline/tables/frags.h"
#include "weft/worker.h"

#include "flow.h"
#include "icmp.h"
#include "judge.h"
#include "track_tcp.h"

// Judges a packet by itself, since it belongs to no connection.
static int
judge_alone(struct weft_worker *worker, struct weft_vec *vec, unsigned int i)
{
	const struct flow flow = weft_flow_of(worker, &vec->lanes[i], vec->pkts[i]);
	struct judgement j;

	weft_judge(worker->snap, &flow, &j);
	if (vec->explain)
		weft_judge_explain(vec->explain, &j);
	if (!vec->dry_run)
		weft_judge_count(worker, &j, vec->pkts[i]->pkt_len);
	return j.reason;
}

int
weft_stateless_check(struct weft_worker *worker, struct weft_vec *vec, unsigned int i)
{
	const struct weft_lane *lane = &vec->lanes[i];
	const struct flow flow = weft_flow_of(worker, lane, vec->pkts[i]);
	uint8_t query;

	if (lane->flags & WEFT_LANE_LATER_FRAGMENT)
		return weft_frags_check(worker, lane, (const uint8_t *const[2]){ flow.src, flow.dst });
	if (lane->proto != IPPROTO_ICMP && lane->proto != IPPROTO_ICMPV6)
		return TRACK_REOPEN;
	// ICMP of the other IP version is not treated as ICMP.
	if (flow.v6 != (lane->proto == IPPROTO_ICMPV6))
		return judge_alone(worker, vec, i);
	switch (weft_icmp_kind(flow.v6, weft_flow_l4(lane, vec->pkts[i])[0], &query)) {
	case ICMP_ERROR:
		return weft_icmp_check_error(worker, vec, i);
	case ICMP_LOCAL:
		if (weft_icmp_is_foreign(worker, lane, vec->pkts[i]))
			return WEFT_DROP_GUARD_ROUTER;
		return weft_icmp_is_local(lane, vec->pkts[i]) ? TRACK_PASS : judge_alone(worker, vec, i);
	case ICMP_OTHER:
		return judge_alone(worker, vec, i);
	case ICMP_QUERY:
	case ICMP_REPLY:
		// The parser has checked four bytes only; the identifier follows them.
		return lane->l4_len >= 8 && lane->l4_off + 8 <= vec->pkts[i]->data_len ? TRACK_REOPEN
										       : (int)WEFT_DROP_PARSE_L4;
	}
	return TRACK_PASS;
}
