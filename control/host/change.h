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

// An object as it was before the change.
struct weft_old {
	const struct weft_object *object; // NULL: there was none
	UT_hash_handle hh;		  // by its key
};

// A port that is to be compiled.
struct weft_dirty {
	const struct weft_port *port;
	UT_hash_handle hh; // by its address
};

struct weft_prepared {
	uint64_t generation;
	bool restoring; // was in force before: a device that does not open does not hold up the others
	struct weft_changeset set;
	struct weft_build *build;
	struct weft_old *old; // of the objects that change
	struct weft_dirty *dirty;
	struct weft_id_list gone;   // slots of ports that are removed
	struct weft_id_list opened; // slots of ports that are added
	bool no_memory;		    // for one of these
	struct weft_old_owner *old_owner;
	unsigned int n_old_owners;
	bool tunnels;	 // everything about other hosts is compiled anew
	uint16_t uplink; // slot of the uplink that was in use before
	bool kernel;	 // the kernel's routes counted before
	bool offered;	 // workers may look at the build's snapshot
	struct weft_error *err;
};

// Note a port that is to be compiled, an object that changes, and the slot of a port that is removed. Without memory P
// notes that.
void weft_prepared_add_dirty(struct weft_prepared *p, const struct weft_port *port);
void weft_prepared_add_old(struct weft_prepared *p, const struct weft_change *change);
void weft_prepared_add_gone(struct weft_prepared *p, uint16_t slot);

// Returns the object NOW of the model as it was before the change. NULL: it did not exist.
const struct weft_object *weft_prepared_old(const struct weft_prepared *p, const struct weft_object *now);

// Frees what P has noted.
void weft_prepared_clear(struct weft_prepared *p);
