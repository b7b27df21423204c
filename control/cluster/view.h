// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's view of the whole policy, which it reads when it is first asked for and then keeps in step.
#pragma once

#include "impl.h"

// Takes note of the publication in KV: if it is newer than the latest known one, it becomes that, and the view follows.
void view_see(struct weft_cluster *c, const json_t *kv);

// Brings the view in step with the latest publication where its changes are known.
void view_follow(struct weft_cluster *c);

// Calls CB with the view of the generation in force, now or later; with NULL and an error where it cannot be read. The
// model is valid during the call.
void view_read(struct weft_cluster *c, weft_view_cb cb, void *arg);
