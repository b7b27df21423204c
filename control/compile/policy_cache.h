// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Compiled policies, one for each set of groups that ports have, shared by those ports and by snapshots. Control
// thread.
#pragma once

#include "control/policy/lookup.h"

// The provider's rules of a model, gathered once for many ports.
struct weft_tiers {
	bool gathered;
	const struct weft_group **provider; // by name
	uint32_t n_provider;
};

void weft_tiers_free(struct weft_tiers *tiers);

// The policy of a port of MODEL, from the cache or compiled; a new reference. Returns NULL with errno and ERR: too many
// rules, or no memory.
const struct weft_policy *weft_policy_cache_get(
	const struct weft_model *model, struct weft_tiers *tiers, const struct weft_port *port, struct weft_error *err);

// Drop a reference, or take one more; NULL is nothing.
void weft_policy_cache_unref(const struct weft_policy *policy);
void weft_policy_cache_ref(const struct weft_policy *policy);

// The identity of a port: the numbers of its groups; with one reference (refcount.h). NULL without memory.
const struct weft_identity *weft_policy_cache_identity(const struct weft_port *port);
