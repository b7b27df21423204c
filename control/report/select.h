// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Which of this host's ports the params of a method mean. Control thread.
#pragma once

#include "control/policy/model.h"

// The port that params.port names, "tenant/name", or "name" for "default/name". Returns NULL with errno and ERR if
// there is no such port, or if it is on another host.
const struct weft_port *weft_select_port(const json_t *params, struct weft_error *err);

// Calls FN with this host's ports in the order of their names. PARAMS may limit them to those of a tenant
// (params.tenant), to one (params.port, its full name), or to a page: params.limit ports after the port params.after.
// Returns the name of the page's last port if more ports follow, else NULL; it is valid until the policy changes.
const char *weft_select_ports(const json_t *params, void (*fn)(void *arg, const struct weft_port *port), void *arg);

// The name of the port in SLOT; "(uplink)" for 0, which stands for the other hosts.
const char *weft_select_slot_name(uint16_t slot);
