// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "state.h"

struct weft_engine weft_engine;

uint16_t
weft_engine_n_workers(void)
{
	return weft_engine.n_workers;
}

const struct weft_snapshot *
weft_engine_snapshot(void)
{
	return atomic_load(&weft_engine.snapshot);
}
