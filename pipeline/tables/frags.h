// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Fragments: what was decided about a datagram's first fragment is remembered for those that follow. Nothing is
// reassembled.
#pragma once

#include "weft/session.h"
#include "weft/snapshot.h"
#include "weft/vec.h"

struct weft_frags;

struct weft_frags *weft_frags_new(uint32_t n);
void weft_frags_free(struct weft_frags *frags);

// Remembers that LANE, a first fragment whose addresses are at ADDR (source, destination), passed. Returns -1, or the
// reason why those that follow could not pass, and then it must not either.
int weft_frags_note(struct weft_worker *worker, const struct weft_lane *lane, const uint8_t *const addr[2]);

// Whether LANE, a later fragment, may pass: -1, or the reason to drop it.
int weft_frags_check(const struct weft_worker *worker, const struct weft_lane *lane, const uint8_t *const addr[2]);

// Forgets what is too old among the next few. Owner worker.
void weft_frags_sweep(struct weft_worker *worker);
