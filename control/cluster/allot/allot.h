// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// How a tenant's rate is shared out among hosts. One host allots. The others report what they want, and get records of
// what they may use. Both are parts of the tenant's rate (WEFT_WHOLE is all of it), so that a new rate is in force
// everywhere with its generation. At any time, whichever hosts are cut off or die, all hosts together use no more than
// the whole:
//
// - A record belongs to a session of its host, which is the host's lease. A host without a session, or in a new one,
//   may use what its last record lets it keep: its share, up to an equal part.
// - A host has at most one record that it has not confirmed. Until it has, the larger of that one and the one before
//   counts.
// - Records are in the store, and are written on the condition that the writer is still the host that allots. The next
//   one reads all of them before it writes.
//
// A report is {"session": S, "number": of the record in force, "tenants": {T: [want or -1: no ports, share, kept]}}.
// A record is {"session": S, "number": N, "tenants": {T: [share, kept, what may have been kept before]}}.
//
// This file decides, and does no input or output. One thread.
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "control/policy/kind_plan.h"

struct weft_allot;
struct weft_allot *weft_allot_new(void); // NULL without memory
void weft_allot_free(struct weft_allot *allot);

// HOST has written REPORT; NULL: its lease has ended.
void weft_allot_report(struct weft_allot *allot, const char *host, const json_t *report);

// The store has RECORD for HOST. To be called at the start, before the host's report.
void weft_allot_record(struct weft_allot *allot, const char *host, const json_t *record);

// Returns the next record to write, a new object, for *HOST; NULL: there is none. The record counts from now on. *HOST
// belongs to ALLOT.
json_t *weft_allot_next(struct weft_allot *allot, const char **host);

// To be called from time to time: marks the records to be written anew that reserve more than is needed for what may
// have been kept before.
void weft_allot_tidy(struct weft_allot *allot);

// Calls FN with each share of a host without a lease.
void weft_allot_absent(
	const struct weft_allot *allot, void (*fn)(void *arg, const char *host, const char *tenant), void *arg);

// HOST, which has no lease, has no ports of TENANT any more: its share is free for the others.
void weft_allot_forget(struct weft_allot *allot, const char *host, const char *tenant);
