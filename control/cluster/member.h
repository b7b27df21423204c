// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The host as a member of the barrier: prepares and activates what the publication asks for.
#pragma once

#include "impl.h"

// Does what the publication asks for next.
void member_evaluate(struct weft_cluster *c);

// Takes note of the copy of a publication in KV, which concerns this host, and acts on it.
void member_publication(struct weft_cluster *c, const json_t *kv);

// Timer: goes on once all workers have taken the change over.
void member_on_settle(evutil_socket_t fd, short what, void *arg);

// Ends the fence if the host has a lease and is in step.
void member_unfence(struct weft_cluster *c);

// Whether the attempt that PUB names is prepared here.
bool member_is_prepared(const struct weft_cluster *c, const struct publication *pub);

// Aborts what is prepared, if anything is.
void member_drop_prepared(struct weft_cluster *c);

// Notes that this host refuses attempt ID at GENERATION because of ERR, and reports it.
void member_refuse(struct weft_cluster *c, uint64_t generation, const char *id, const struct weft_error *err);

// Waits until all workers have taken WHAT over, and then reports.
void member_settle(struct weft_cluster *c, enum settling what);

// Activates what is prepared, as GENERATION.
void member_activate(struct weft_cluster *c, uint64_t generation);
