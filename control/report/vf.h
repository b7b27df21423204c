// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The VF of a port. Control thread.
#pragma once

#include "control/policy/model.h"

// PORT's VF, its PF, and who enforces each part of the port's policy; NULL if the port has no VF. A new object.
json_t *weft_report_vf(const struct weft_port *port);

// Returns the PF's counters of PORT's VF, under the names of a port's counters, in a new object. It is empty if the
// PF's driver does not count. The numbers are at most a second old.
json_t *weft_report_vf_counters(const struct weft_port *port);
