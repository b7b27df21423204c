// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Typed hash tables: uthash, with one setting for all of control. An element for which there is no memory is not added,
// and its hh.tbl is NULL. Elements are walked in the order in which they were added: for (e = head; e; e = e->hh.next).
#pragma once

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

// There are many tables with a few elements: a new one is small.
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS      8U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 3U
