// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// "weftctl group ...", "weftctl rule ..." and "weftctl session ...".
#pragma once

#include "command.h"

extern const struct ctl_command firewall_commands[];
