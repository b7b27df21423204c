// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's shares of the tenants' rates: it reports what it wants, and follows the record of what it may use.
#pragma once

#include "impl.h"

struct claims *claims_new(struct weft_cluster *c); // NULL without memory
void claims_free(struct claims *claims);

// The host's lease may have changed or ended.
void claims_session(struct weft_cluster *c);

// As weft_cluster_share().
int32_t claims_share(const struct claims *claims, const char *tenant, int32_t *kept);

// Adds the name of the host that allots to STATUS.
void claims_status(const struct claims *claims, json_t *status);
