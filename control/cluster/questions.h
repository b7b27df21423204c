// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A host's questions to the cluster. Most are the functions of struct weft_store_ops, and are described there.
#pragma once

#include "control/change/write.h"

struct weft_cluster;

void weft_cluster_submit(struct weft_cluster *cluster, struct weft_write *write);
void weft_cluster_view(struct weft_cluster *cluster, weft_view_cb cb, void *arg);
void
weft_cluster_wait(struct weft_cluster *cluster, uint64_t generation, uint32_t timeout_ms, weft_json_cb cb, void *arg);
void weft_cluster_generations(struct weft_cluster *cluster, weft_json_cb cb, void *arg);
void weft_cluster_record(struct weft_cluster *cluster, uint64_t generation, weft_json_cb cb, void *arg);

// Returns what this host may use of TENANT's rate, in parts of WEFT_WHOLE; *KEPT is what it may go on using once it has
// lost the cluster. CLUSTER may be NULL: 0.
int32_t weft_cluster_share(const struct weft_cluster *cluster, const char *tenant, int32_t *kept);
