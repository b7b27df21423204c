// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Publication of snapshots. Control thread. See weft/engine.h.
#pragma once

// Runs all deferred functions. The workers have stopped.
void weft_publish_stop(void);
