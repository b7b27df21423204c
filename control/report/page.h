// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's ports, a page at a time. Control thread.
#pragma once

#include "control/policy/model.h"

// Calls FN for this host's ports in the order of their names: for all of them, or for those of params.tenant, or for
// params.port alone; at most params.limit of them, those after params.after. Returns the last port's name if there are
// more, else NULL; it is valid until the policy changes.
const char *weft_page_ports(const json_t *params, void (*fn)(void *arg, const struct weft_port *port), void *arg);
