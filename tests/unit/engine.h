// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The engine with two workers, for tests.
#pragma once

#include "fixture.h"
#include "weft/engine.h"

// Starts EAL and the engine. Returns the version of the snapshot in force, which has no ports.
static inline uint64_t
engine_start(void)
{
	const struct weft_engine_config config = { .n_workers = 2,
		.idle = WEFT_IDLE_ADAPTIVE,
		.max_sleep_us = 200,
		.n_mbufs = 4095,
		.fdb_size = 1024,
		.fdb_age_s = 300,
		.sessions = 1024,
		.fragments = 64 };
	struct weft_error err = { "" };

	fixture_eal();
	assert_int_equal(weft_engine_start(&config, &err), 0);
	return weft_engine_snapshot()->version;
}
