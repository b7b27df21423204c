// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The method that finds ports. Control thread.
#pragma once

#include "call.h"

// "where", {what}: the ports, on all hosts, whose name, VM, MAC or address is params.what. Each is the port's object with
// {port, host, host_state, host_generation, generation} added.
void weft_api_find(struct weft_call *call, const json_t *params);
