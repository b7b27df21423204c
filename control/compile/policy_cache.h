// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Compiled policies, one for each set of groups that ports have. The ports with these groups, and all snapshots, share
// it. Control thread.
#pragma once

#include "control/policy/lookup.h"

// The provider's rules of a model, which are collected once for many ports.
struct weft_tiers {
	bool gathered;
	const struct weft_group **provider; // by name
	uint32_t n_provider;
};

void weft_tiers_free(struct weft_tiers *tiers);

// Returns the policy of a port of MODEL, from the cache or newly compiled, with a reference for the caller. NULL with
// errno and ERR: too many rules, or no memory.
const struct weft_policy *weft_policy_cache_get(
	const struct weft_model *model, struct weft_tiers *tiers, const struct weft_port *port, struct weft_error *err);

// Drops a reference; or takes one. NULL is ignored.
void weft_policy_cache_unref(const struct weft_policy *policy);
void weft_policy_cache_ref(const struct weft_policy *policy);

// Makes an identity without groups that has room for MOST, WEFT_IDENTITY_GROUPS at the most; with one reference (refcount.h). NULL
// without memory.
struct weft_identity *weft_policy_cache_identity(uint32_t most);

// Enters the groups of PORT into IDENTITY. False: it has no room for all.
bool weft_policy_cache_join(struct weft_identity *identity, const struct weft_port *port);
