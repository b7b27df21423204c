// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Judges connections by the rules of both ends. All functions: owner worker, unless said otherwise.
#pragma once

#include "weft/explain.h"
#include "weft/rules.h"
#include "weft/session.h"
#include "weft/worker.h"

#include "flow.h"

struct judgement {
	int reason;			      // -1: allowed; else the drop reason
	bool reject;			      // the sender is told
	bool stateless;			      // no connection is opened: each packet is judged by itself
	const struct weft_rule_conf *rule[2]; // the rules that decided: the sender's out, the receiver's in; NULL: that
					      // end is not judged here
};

// Judges FLOW by the rules of both ends. Any thread.
void weft_judge(const struct weft_snapshot *snap, const struct flow *flow, struct judgement *j);

// The rule that decides at one end: at the sender's where OUT, else at the receiver's. NULL: that end is not judged
// here. Any thread.
const struct weft_rule_conf *weft_judge_end(const struct weft_snapshot *snap, const struct flow *flow, bool out);

// Counts a packet of BYTES, which was judged by itself, for the rules that decided.
void weft_judge_count(struct weft_worker *worker, const struct judgement *j, uint32_t bytes);

// What RULE, of the sender (OUT) or of a receiver, means for a packet M that is judged by itself at this end: it is counted, and
// told in a dry run. Returns -1, or the drop reason. Owner worker.
int weft_judge_by_rule(struct weft_worker *worker, const struct weft_vec *vec, const struct weft_rule_conf *rule,
	const struct rte_mbuf *m, bool out);

// Judges the connection S again, as if it were opened now. Any thread.
void weft_judge_again(const struct weft_snapshot *snap, const struct weft_session *s, struct judgement *j);

// Notes in S that J allows it under the rules in force.
void weft_judge_record(struct weft_worker *worker, struct weft_session *s, const struct judgement *j);

// Records J in a dry run.
void weft_judge_explain(struct weft_explain *explain, const struct judgement *j);
