// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A host's side of allot.h: what it reports, and which shares it may use. It does no input or output. One thread.
#pragma once

#include "allot.h"

struct weft_shares {
	int64_t session; // 0: none
	int64_t number;	 // of the record in force in this session; 0: none yet
	json_t *held;	 // {T: [share, kept]} of the last record that was in force
	json_t *told;	 // {T: want} in the last report
	int64_t told_number;
	bool counted;	     // the store has a record of a former session
	uint64_t told_at;    // ms, monotonic: the last report; 0: none in this session
	uint64_t less_since; // ms: since when the host wants less of something than it reported; 0: it does not
};

// KEPT is what a host that has restarted may use until it hears more: {T: kept}. Returns 0 or -ENOMEM.
int weft_shares_init(struct weft_shares *shares, const json_t *kept);
void weft_shares_fini(struct weft_shares *shares);

// A session begins; 0: the session has ended. Either way only what is kept may be used from now on.
void weft_shares_session(struct weft_shares *shares, int64_t session);

// The store has RECORD. Returns whether it is a record of this session that is not in force yet.
bool weft_shares_is_new(struct weft_shares *shares, const json_t *record);

// Brings RECORD into force.
void weft_shares_adopt(struct weft_shares *shares, const json_t *record);

// Returns what may be used of TENANT's rate, in parts of WEFT_WHOLE. *KEPT: what may be used once the host has lost the
// cluster.
int32_t weft_shares_of(const struct weft_shares *shares, const char *tenant, int32_t *kept);

// Returns what RECORD lets the host keep, in the form of weft_shares_init(): a new object.
json_t *weft_shares_kept(const json_t *record);

// Whether RECORD lets the host keep less of anything than the record in force.
bool weft_shares_lower(const struct weft_shares *shares, const json_t *record);

// Whether WANTS, {T: want}, is worth a report at the time NOW (ms, monotonic).
bool weft_shares_are_news(struct weft_shares *shares, const json_t *wants, uint64_t now);

// Returns the report of WANTS at the time NOW (ms, monotonic): a new object.
json_t *weft_shares_report(struct weft_shares *shares, const json_t *wants, uint64_t now);
