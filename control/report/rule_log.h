// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The log of the rules with "log". Control thread.
#pragma once

// Writes what these rules have decided since the last call to weftd's log, a line for each connection or packet.
void weft_rule_log_flush(void);
