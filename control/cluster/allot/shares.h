// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A host's side of allot.h: what it tells, and what of its record is in force. It talks to nobody. One thread.
#pragma once

#include "allot.h"

struct shares {
	int64_t session; // 0: none
	int64_t number;	 // of the record in force in this session; 0: none yet
	json_t *held;	 // {T: [share, kept]} of the last record that was in force
	json_t *told;	 // {T: want} as last told
	int64_t told_number;
	bool counted;	     // there is a record of a session before
	uint64_t told_at;    // ms
	uint64_t less_since; // something is wanted less than was told; 0: nothing is
};

// KEPT is what a host that runs again may use until it hears more: {T: kept}.
int shares_init(struct shares *shares, const json_t *kept);
void shares_fini(struct shares *shares);

// A session begins; 0: the one before is over. Either way no more than what is kept is in force.
void shares_session(struct shares *shares, int64_t session);

// RECORD stands in the store: whether it is one of this session that is not in force yet; shares_adopt() makes it that.
bool shares_is_new(struct shares *shares, const json_t *record);
void shares_adopt(struct shares *shares, const json_t *record);

// What may be used of TENANT's rate, in parts of WEFT_WHOLE; *KEPT: once the host has lost the cluster.
int32_t shares_of(const struct shares *shares, const char *tenant, int32_t *kept);

// What RECORD lets the host keep, as for shares_init(): a new object. And whether that is less of anything than now.
json_t *shares_kept(const json_t *record);
bool shares_lower(const struct shares *shares, const json_t *record);

// Whether WANTS, {T: want}, is worth to be told at NOW (ms); and what to tell: a new object.
bool shares_are_news(struct shares *shares, const json_t *wants, uint64_t now);
json_t *shares_report(struct shares *shares, const json_t *wants, uint64_t now);
