// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The metrics: how the numbers in weftd's reports are called in OpenMetrics 1.0. A metric is added by a row in families.c.
// Their labels are the ports, workers, tenants, drop reasons and states of one host; nothing else, so that a host has few
// series.
#pragma once

#include <stdbool.h>

// A metric family, whose samples are numbers in the rows of a report.
struct family {
	const char *name; // without _total
	bool counter;	  // else a gauge
	const char *help;
	const char *field; // of a row; after a dot, of an object in it
	double scale;	   // from weftd's unit to the metric's
};

// Each ends with a row whose name is NULL.
extern const struct family port_families[];    // rows of the method "ports"
extern const struct family worker_families[];  // of "workers"
extern const struct family plan_families[];    // of "plans"
extern const struct family tenant_families[];  // of the tenants in "plans"
extern const struct family session_families[]; // of the workers in "session_counts"
extern const struct family status_families[];  // of "status", which is one row without a label
