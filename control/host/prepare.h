// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A change in preparation, for local.c and prepare.c.
#pragma once

#include "control/compile/compile.h"
#include "local.h"

// An owner that a change took from a port.
struct owned {
	uint16_t slot, owner;
	bool pinned;
};

struct weft_prepared {
	uint64_t generation;
	bool restoring;
	struct weft_changeset set;
	struct weft_build *build;
	json_t *old;	// map: key to what a changed object was
	json_t *dirty;	// map: key to the port to be compiled
	json_t *gone;	// array: slots of ports that go
	json_t *opened; // array: slots of ports that came
	struct owned *owned;
	unsigned int n_owned;
	bool tunnels;	 // what is beyond tunnels is compiled anew
	uint16_t uplink; // that was in use before
	bool kernel;	 // its routes counted before
	bool offered;	 // workers may look at the build's snapshot
	struct weft_error *err;
};

// Opens what is new, checks what stays, and compiles what P's changes concern. With ALL, all ports. Returns 0, or
// -errno with P's err; what was begun is in P.
int prepare_carry_out(struct weft_local *local, struct weft_prepared *p, bool all);

// Notes this host's uplinks: they are to be compiled.
void prepare_uplinks(const struct weft_local *local, struct weft_prepared *p);

static inline bool
is_gateway(const struct weft_port *port)
{
	return port->attach.type == WEFT_ATTACH_GATEWAY;
}

static inline bool
is_port(const struct weft_object *object)
{
	return object && object->kind == &weft_kind_port;
}
