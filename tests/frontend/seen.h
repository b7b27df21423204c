// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What front ends have been seen to do to weftd when it still used DPDK's vhost library: each a case of its own.
#pragma once

#include "doors.h"

#define SEEN_FAKERS 5

struct seen {
	const char *name;
	// Does it, with connections that stay open. Returns what went wrong, or NULL: that others are well is for the caller to
	// see.
	const char *(*attack)(struct faker *f);
};

// Each up to a case without a name.
extern const struct seen seen_memory[], seen_worker[], seen_others[];

// Where the honest front end connects whose way in is measured; set before a case is played.
extern const char *seen_path;
