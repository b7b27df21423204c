// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's ports. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// The method "ports": a list of this host's ports. PARAMS select them as in select.h; with params.limit the result is
// {ports, next}.
json_t *weft_report_ports(const json_t *params, struct weft_error *err);

// The method "port", {port}: that port, and hints how to start a guest with it. Returns NULL with errno and ERR.
json_t *weft_report_port(const json_t *params, struct weft_error *err);
