// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Memory that snapshots share: counted by reference, and in bytes. Control thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Zeroed memory at the start of a cache line, with one reference. LOOKED_UP: workers read it for every packet, so it
// comes from the data plane's memory, in huge pages where there are any. Returns NULL without memory.
void *weft_share_new(size_t size, bool looked_up);

void weft_share_ref(const void *shared); // NULL is nothing
void weft_share_unref(const void *shared);

// Whether there is one reference only.
bool weft_share_is_last(const void *shared);

// Bytes in use by all of it.
size_t weft_share_used(void);
