// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// How a tenant's rate is shared out among hosts. One of them allots: hosts say what they want, and get records of what
// they may use, in parts of the tenant's rate: so a new rate is in force everywhere with its generation. What hosts may
// use never exceeds the whole, whoever is cut off or dies, and whenever:
//
// - A record belongs to a session of its host's, which is its lease. A host without a session, or in a new one, may
//   use what its last record lets it keep: what it had, up to an equal part.
// - A host has one record at a time that it has not confirmed. Until it does, the larger of the two counts.
// - Records stand in the store, written on condition that the writer still is the one who allots; who comes next reads
//   them all before it writes.
//
// This file decides, and talks to nobody. One thread.
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "control/host/local.h"

// What hosts tell:     {"session": S, "number": of the record in force, "tenants": {T: [want, -1: no ports, share,
// kept]}} What they are given: {"session": S, "number": N, "tenants": {T: [share, kept, what may have been kept
// before]}}

struct allot;
struct allot *allot_new(void); // NULL without memory
void allot_free(struct allot *allot);

// HOST has told REPORT; NULL: its lease is gone.
void allot_report(struct allot *allot, const char *host, const json_t *report);

// HOST's RECORD stands in the store. Before its report, when all is read.
void allot_record(struct allot *allot, const char *host, const json_t *record);

// The next record to be written, for *HOST; a new object, NULL: there is none. It counts from now on.
json_t *allot_next(struct allot *allot, const char **host);

// From time to time: records are written anew that say more than is needed of what may have been kept before.
void allot_tidy(struct allot *allot);

// Calls FN with the tenants that hosts without a lease have a share of.
void allot_absent(const struct allot *allot, void (*fn)(void *arg, const char *host, const char *tenant), void *arg);

// HOST, which has no lease, has no ports of TENANT any more: its share is the others'.
void allot_forget(struct allot *allot, const char *host, const char *tenant);
