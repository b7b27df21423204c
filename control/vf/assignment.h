// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// VFs that are assigned to this host's ports. A VF is assigned when its port is prepared: it gets the driver that it
// needs, and its PF is told which attributes to enforce. Hardware has no generations: it enforces a change before it is
// in force elsewhere, and enforces what it did before if the change is aborted. Control thread.
#pragma once

#include "weft/sriov.h"
#include "weft/vf.h"

#include "control/policy/model.h"

struct weft_assignment {
	struct weft_assignment *next;
	char path[WEFT_PATH_SIZE]; // of the port
	struct weft_pci_function pf, vf;
	bool polled;	       // weft polls the VF; else it is passed through to a VM
	bool fresh;	       // made by the change that is prepared
	bool leaving;	       // its port is removed by the change that is prepared, or its device is being closed
	bool gone;	       // its port has been removed
	bool bound;	       // weft gave the VF its driver
	bool had_driver;       // before
	uint16_t slot;	       // of the port while its device is open
	struct weft_vf want;   // what the PF is to enforce
	unsigned int mask;     // attributes (1 << attr) of WANT that count
	struct weft_vf before; // what the PF enforced before the change that is prepared
	unsigned int changed;  // attributes of BEFORE that the prepared change has changed
	uint64_t repaired;     // how often an attribute had to be set again
	char error[512];       // why the VF is not as it should be; empty: it is
};

// Assigns its VF to PORT, which is on this host; or if it is assigned, has the PF enforce what the policy says now.
// Returns 0, or -errno with ERR, and then nothing has changed.
int weft_assignment_make(const struct weft_model *model, const struct weft_port *port, struct weft_error *err);

// The assignment of the port PATH, or NULL; and of all ports the first one, which leads to the others.
struct weft_assignment *weft_assignment_find(const char *path);
struct weft_assignment *weft_assignment_first(void);

// The PCI address of the VF of the port PATH, or "".
const char *weft_assignment_address(const char *path);

// The port that the function at ADDRESS is assigned to, or NULL.
const char *weft_assignment_user(const char *address);

// The device of the port PATH has been opened in SLOT; the device in SLOT has been closed.
void weft_assignment_opened(const char *path, uint16_t slot);
void weft_assignment_closed(uint16_t slot);

// The change that is prepared removes the port PATH: its VF is released when the change is accepted and the device is
// closed.
void weft_assignment_leave(const char *path);

// The prepared change is in force, or is aborted.
void weft_assignment_accept(void);
void weft_assignment_abort(void);

// Forgets all assignments. The VFs stay as they are: those that are passed through go on without weftd.
void weft_assignment_forget(void);
