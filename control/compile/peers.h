// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Other hosts, which tunnels lead to. Control thread.
#pragma once

#include "draft.h"

// The next hop from the uplink in use to ADDRESS, another host's; none ({0}) if there is no route.
typedef struct weft_ip (*weft_next_hop)(const struct weft_placement *placement, const struct weft_ip *address);

// Compiles other hosts, their ports' addresses, and the uplink's end of the tunnels; SET has become part of MODEL. To
// be called after all ports are compiled. Other hosts have slots in the build's placement. ROUTES says the next hops;
// NULL: those that this host's object says. Returns 0, or -errno with ERR.
int weft_build_hosts(struct weft_build *build, const struct weft_model *model, const struct weft_changeset *set,
	weft_next_hop routes, struct weft_error *err);
