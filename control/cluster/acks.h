// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The states of the hosts: which generation each of them has prepared and applied. A host reads and watches them only
// while it needs them: as the driver of an attempt, or to wait for a generation.
#pragma once

#include "impl.h"

// Callbacks for changes of the hosts' states.
struct acks_listener {
	// The host NAME has the state STATE; STATE NULL: it has lost its lease. NAME NULL: all states were read anew.
	void (*state)(void *arg, const char *name, const json_t *state);
	void (*changed)(void *arg); // some states have changed, and state() was called for each of them
	void *arg;
};

struct acks *acks_new(struct weft_cluster *c); // NULL without memory
void acks_free(struct acks *acks);

// Sets the one listener, before the event loop runs.
void acks_listen(struct acks *acks, const struct acks_listener *listener);

// Reads and watches the states from now on, for a while.
void acks_look(struct acks *acks);

// Returns {host: state} of the hosts that have a lease, or NULL while they are not known. ACKS owns it.
const json_t *acks_states(const struct acks *acks);

// Calls CB once all live hosts of HOSTS (an array of names, or "*") have applied GENERATION, or with "late" set after
// TIMEOUT_MS; TIMEOUT_MS 0: as soon as the states are known. The result is {generation, state, hosts, late_hosts,
// fenced}, or NULL with an error.
void
acks_wait(struct acks *acks, uint64_t generation, uint32_t timeout_ms, const json_t *hosts, weft_json_cb cb, void *arg);
