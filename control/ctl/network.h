// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// "weftctl network ...".
#pragma once

#include "command.h"

extern const struct ctl_command network_commands[];
