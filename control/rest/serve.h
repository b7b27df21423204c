// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Serves until SIGTERM or SIGINT: puts the sockets, the identities and the routes together.
#pragma once

#include "config.h"

// Returns the program's exit code.
int serve(const struct config *config);
