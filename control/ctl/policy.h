// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Commands that read and write the policy.
#pragma once

#include "command.h"

extern const struct ctl_command policy_commands[];
