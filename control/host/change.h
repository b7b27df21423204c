// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A change in preparation, for this room.
#pragma once

#include "control/compile/compile.h"
#include "host.h"

// The owner that a port had before the change.
struct weft_old_owner {
	uint16_t slot, owner;
	bool pinned;
};

struct weft_prepared {
	uint64_t generation;
	bool restoring; // was in force before: a device that does not open does not hold up the others
	struct weft_changeset set;
	struct weft_build *build;
	json_t *old;	// map: key to the object as it was before the change
	json_t *dirty;	// map: key to a port to be compiled
	json_t *gone;	// array: slots of ports that are removed
	json_t *opened; // array: slots of ports that are added
	struct weft_old_owner *old_owner;
	unsigned int n_old_owners;
	bool tunnels;	 // everything about other hosts is compiled anew
	uint16_t uplink; // slot of the uplink that was in use before
	bool kernel;	 // the kernel's routes counted before
	bool offered;	 // workers may look at the build's snapshot
	struct weft_error *err;
};
