// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Fragments: what was decided about the first fragment of a datagram holds for the later ones. Nothing is
// reassembled.
#pragma once

#include "weft/session.h"
#include "weft/snapshot.h"
#include "weft/vec.h"

struct weft_frags;

// A table for N datagrams; NULL: no memory. Control thread.
struct weft_frags *weft_frags_new(uint32_t n);
void weft_frags_free(struct weft_frags *frags);

// Notes that LANE, a first fragment whose addresses are at ADDR (source, destination), passes. Returns -1, or the
// drop reason: later fragments could not be recognised, so that this one must not pass either. Owner worker.
int weft_frags_note(struct weft_worker *worker, const struct weft_lane *lane, const uint8_t *const addr[2]);

// Whether LANE, a later fragment, may pass: returns -1, or the drop reason. Owner worker.
int weft_frags_check(const struct weft_worker *worker, const struct weft_lane *lane, const uint8_t *const addr[2]);

// Removes entries that are too old from the next few buckets. Owner worker.
void weft_frags_sweep(struct weft_worker *worker);
