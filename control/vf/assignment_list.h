// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// VFs that are taken, for functions.c, drift.c and report_sriov.c.
#pragma once

#include "assignment.h"

struct held {
	struct held *next;
	char path[WEFT_PATH_SIZE]; // of the port
	struct weft_function pf, vf;
	bool polled;
	bool fresh;   // taken by what is prepared
	bool leaving; // its port goes with what is prepared, or its device is being closed
	bool gone;    // its port has gone
	bool bound;   // weft gave it its driver
	bool had_driver;
	uint16_t slot;		// of the port while its device is open
	struct weft_vf want;	// what its PF is to enforce
	unsigned int mask;	// of WANT
	struct weft_vf before;	// what it enforced before what is prepared
	unsigned int unsettled; // of BEFORE
	uint64_t repaired;
	char error[512]; // why it is not as it should be; empty: it is
};

struct held_functions {
	struct held *first;
	int questions; // a socket of NETLINK_ROUTE
};
extern struct held_functions held;

// The one of the port PATH; and the one that has the function at ADDRESS and stays, BUT not counted; or NULL.
struct held *held_find(const char *path);
struct held *held_holder(const char *address, const struct held *but);

void held_drop(struct held *h);
