// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Packets that belong to no known connection.
#pragma once

#include "weft/session.h"
#include "weft/worker.h"

// Opens a connection with KEY for the packet in lane I, or decides about the packet alone. HASH is the key's, E the
// end that sends. Returns -1, or the drop reason. Owner worker.
int weft_connection_open(struct weft_worker *worker, struct weft_vec *vec, unsigned int i,
	const struct weft_session_key *key, uint64_t hash, unsigned int e);
