// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The host's network functions (PFs and VFs). Control thread.
#pragma once

#include "control/policy/model.h"

// All of them, and the PF params.pf with its VFs. Return NULL with ERR.
json_t *weft_report_functions(const json_t *params, struct weft_error *err);
json_t *weft_report_function(const json_t *params, struct weft_error *err);

// PORT's VF, and who enforces each part of its policy; NULL if the port has no VF.
json_t *weft_report_vf(const struct weft_port *port);

// The PF's counters of PORT's VF, by the names of a port's counters; an empty object if the PF's driver does not count.
json_t *weft_report_vf_counters(const struct weft_port *port);
