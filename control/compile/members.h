// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Which groups each address of a network is in. The ports of all hosts are entered that have addresses and groups.
#pragma once

#include "draft.h"

// A port, of any host, was OLD and is NEW, which is part of MODEL; NULL: there was, or is, none. Brings the owners of
// its addresses up to date. Returns 0 or -ENOMEM with ERR.
int weft_build_member(struct weft_build *build, const struct weft_model *model, const struct weft_port *old,
	const struct weft_port *new, struct weft_error *err);

// One reference more to a snapshot's table, and one less; NULL is nothing.
void build_members_ref(struct weft_members *members);
void build_members_unref(struct weft_members *members);
