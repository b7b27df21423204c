// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Commands that show or change this host.
#pragma once

#include "command.h"

extern const struct ctl_command host_commands[];
