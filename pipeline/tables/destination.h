// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Where a frame goes: configured addresses come first, then learned ones.
#pragma once

#include <rte_branch_prediction.h>

#include "weft/fdb.h"
#include "weft/worker.h"

// The port in the domain ID behind KEY, a MAC address with this domain (weft_mac_key), whose hash in the worker's
// table of learned addresses is HASH. WEFT_PORT_NONE: the address is unknown, and the frame is flooded. Owner
// worker.
static inline uint16_t
weft_destination_find(const struct weft_worker *worker, uint16_t id, uint64_t key, uint64_t hash)
{
	const struct weft_snapshot *snap = worker->snap;
	const struct weft_mactab *fixed = &snap->static_macs;
	const struct weft_domain *domain;
	const struct weft_mac_entry *entry;

	entry = weft_mactab_find(fixed, key, weft_mactab_hash(fixed, key));
	if (likely(entry != NULL))
		return entry->port;
	domain = weft_snapshot_domain(snap, id);
	if (!domain->learning)
		return domain->gateway;
	entry = weft_fdb_find(worker->fdb, snap, key, hash);
	return entry ? entry->port : WEFT_PORT_NONE;
}
