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

// The policy of a port of MODEL with its groups: compiled, or the one that is there already for the same rules; a new
// reference. Returns NULL with errno and ERR: too many rules, or no memory.
const struct weft_policy *weft_policies_get(
	const struct weft_model *model, struct weft_tiers *tiers, const struct weft_port *port, struct weft_error *err);

// One reference less; NULL is nothing. And one more.
void weft_policies_unref(const struct weft_policy *policy);
void weft_policies_ref(const struct weft_policy *policy);

// The identity of a port with these groups, by reference (share.h). NULL without memory.
const struct weft_identity *weft_policies_identity(const struct weft_port *port);
