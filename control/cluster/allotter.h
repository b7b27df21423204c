// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Allotting tenants' rates, should it be this host that does: allot.h decides, this asks and writes.
#pragma once

#include "control/cluster/allot/allot.h"
#include "impl.h"

struct allotter;
struct allotter *allotter_new(struct weft_cluster *c);
void allotter_free(struct allotter *allotter);

// The key "lead" is KV since REVISION; NULL: it is not there as of then.
void allotter_lead(struct allotter *allotter, const json_t *kv, int64_t revision);

// Whether this host has tenants with a rate, and so stands for election. To be said again and again.
void allotter_want(struct allotter *allotter, bool wanted);

// The host's lease is another one now.
void allotter_session(struct allotter *allotter);

// Who allots, as "host/incarnation"; empty: nobody that is known.
const char *allotter_leader(const struct allotter *allotter);
