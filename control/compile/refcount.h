// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Memory that snapshots share, with a reference count. Control thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Allocates SIZE zeroed bytes at the start of a cache line, with one reference. LOOKED_UP: workers read them for every
// packet, so they come from the data plane's memory, in huge pages if it has any. Returns NULL without memory.
void *weft_refcount_new(size_t size, bool looked_up);

void weft_refcount_ref(const void *shared); // NULL is ignored
void weft_refcount_unref(const void *shared);

// Whether SHARED has one reference only.
bool weft_refcount_is_last(const void *shared);

// The bytes that all of this memory takes, with its headers.
size_t weft_refcount_used(void);
