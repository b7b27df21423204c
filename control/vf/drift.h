// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Drift: PFs that no longer enforce what they were told, because somebody else has changed it or the PF has been reset.
// weft looks for it regularly and when the kernel sends a notice about a link, and repairs it. Control thread.
#pragma once

#include <event2/event.h>

#include "control/policy/model.h"

// Connects to the kernel, and repairs drift from now on. MODEL must outlive it. Returns 0, or -EIO: changes are noticed
// only by weft_drift_check().
int weft_drift_start(struct event_base *base, const struct weft_model *model);

// Stops, and forgets all assignments; VFs stay as they are.
void weft_drift_stop(void);

// Compares each assigned VF with what its PF enforces, and repairs what differs. To be called twice a second.
void weft_drift_check(void);
