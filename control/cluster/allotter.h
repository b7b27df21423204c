// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Allotting the tenants' rates, while this host is the one that was elected to. allot/ decides; this reads and writes.
#pragma once

#include "impl.h"

struct allotter;
struct allotter *allotter_new(struct weft_cluster *c); // NULL without memory
void allotter_free(struct allotter *allotter);

// The key "allot/lead" has been KV since REVISION; KV NULL: it does not exist as of REVISION.
void allotter_lead(struct allotter *allotter, const json_t *kv, int64_t revision);

// Whether this host has tenants with a rate, and so stands for election. To be called again and again.
void allotter_want(struct allotter *allotter, bool wanted);

// The host's lease has changed.
void allotter_session(struct allotter *allotter);

// Returns the host that allots, as "host/incarnation"; empty: none is known.
const char *allotter_leader(const struct allotter *allotter);
