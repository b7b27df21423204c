// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The setup of tests that compile policies: each case starts with an empty placement, and ends without compiled
// objects.
#pragma once

#include "control/compile/placement.h"
#include "control/compile/refcount.h"
#include "fixture.h"

static struct weft_placement placement;

static int
setup(void **state)
{
	(void)state;
	fixture_eal();
	memset(&placement, 0, sizeof(placement));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	weft_placement_clear(&placement);
	assert_int_equal(weft_refcount_used(), 0);
	return 0;
}
