// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The control thread: it brings the configuration into force and runs the event loop.
#pragma once

#include "control/state/config.h"

// Opens the socket, brings the stored policy into force, and serves until SIGTERM or SIGINT. The engine must run.
// Returns 0, or -errno with ERR.
int weft_control_run(const struct weft_config *config, struct weft_error *err);
