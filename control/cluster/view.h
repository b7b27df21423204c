// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's view of the whole policy, which it reads when it is first asked for and then keeps in step.
#pragma once

#include "impl.h"

// Takes note of PUB, a copy of the publication: if it is newer than the latest known one, it becomes that, and the view
// follows.
void view_see(struct weft_cluster *c, const struct publication *pub);

// The same with the publication itself, which was PUB at REVISION, and which load_policy() has checked.
void view_see_checked(struct weft_cluster *c, const struct publication *pub, int64_t revision);

// Takes note of the publication itself, which was KV at REVISION; KV NULL: it did not exist. False: no host has written
// that. Then this host is out of step, until the record is repaired.
bool view_see_publication(struct weft_cluster *c, const json_t *kv, int64_t revision);

// Brings the view in step with the latest publication where its changes are known.
void view_follow(struct weft_cluster *c);

// Calls CB with the view of the generation in force, now or later; with NULL and an error where it cannot be read. The
// model is valid during the call.
void view_read(struct weft_cluster *c, weft_view_cb cb, void *arg);
