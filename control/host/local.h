// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A change on this host: it is prepared first, with everything that can fail: it is parsed and checked, devices are
// opened, the snapshot is compiled. Later it is activated or aborted, and neither of these fails. Control thread.
#pragma once

#include "host.h"

enum weft_prepare_mode {
	WEFT_PREPARE,
	WEFT_PREPARE_RESTORE, // was in force before: a device that does not open does not hold up the others
};

// Makes LOCAL ready; its host, alone, tsc_hz and budget are set. Returns 0 or -ENOMEM.
int weft_local_init(struct weft_local *local, const char *vhost_dir);
void weft_local_fini(struct weft_local *local);

// Prepares CHANGES as GENERATION; no other change may be prepared. Returns 0, or -errno with ERR, and then nothing has
// changed.
int weft_local_prepare(struct weft_local *local, const json_t *changes, uint64_t generation,
	enum weft_prepare_mode mode, struct weft_error *err);

// The prepared change, or NULL.
const struct weft_changeset *weft_local_changes(const struct weft_local *local);

// Publishes the prepared change, or takes it back. weft_local_settled(): all workers use what is published.
void weft_local_activate(struct weft_local *local);
void weft_local_abort(struct weft_local *local);
bool weft_local_settled(const struct weft_local *local);

// Compiles and publishes the policy again: what the change of the placement concerns, or with ALL, all ports. No change
// may be prepared. Returns 0 or -errno with ERR.
int weft_local_republish(struct weft_local *local, bool all, struct weft_error *err);

// The device of the port PATH has been removed from the machine: closes it. It is opened again when it is back; other
// ports go on. No change may be prepared.
void weft_local_lose(struct weft_local *local, const char *path);

// The policy in force, without the prepared change, as a bundle. A new object.
json_t *weft_local_bundle(const struct weft_local *local);
