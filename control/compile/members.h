// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Who names each address of a network, and the groups that it is in. The table has the addresses of all ports on all hosts.
// An address that several ports name is in the groups of all of them, whatever the order in which they came. Control thread.
#pragma once

#include "draft.h"

// Updates the owners of a port's addresses, on whatever host the port is. The port was OLD, NULL: it is new; and is NEW
// in MODEL, NULL: it is gone. Returns 0, -ENOMEM or, when ports that share an address
// are in too many groups, -E2BIG, with ERR.
int weft_build_member(struct weft_build *build, const struct weft_model *model, const struct weft_port *old,
	const struct weft_port *new, struct weft_error *err);

// Takes a reference to a snapshot's table; or drops one. NULL is ignored.
void build_members_ref(struct weft_members *members);
void build_members_unref(struct weft_members *members);
