// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Other hosts, to which tunnels lead. Control thread.
#pragma once

#include "draft.h"

// Returns the next hop from the uplink in use to ADDRESS of another host; none ({0}): there is no route.
typedef struct weft_ip (*weft_next_hop)(const struct weft_placement *placement, const struct weft_ip *address);

// Compiles other hosts, their ports' addresses, and the uplinks' ends of the tunnels. Call it after SET has become part
// of MODEL, all ports are compiled, and other hosts have slots in the build's placement. ROUTES finds the next hops;
// NULL: this host's object names them. Returns 0, or -errno with ERR.
int weft_build_hosts(struct weft_build *build, const struct weft_model *model, const struct weft_changeset *set,
	weft_next_hop routes, struct weft_error *err);
