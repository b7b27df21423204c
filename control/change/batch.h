// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Small writes that arrive at the same time become one generation. A bad one among them fails alone. Control thread.
#pragma once

#include "write.h"

// Joins the writes in LIST into one set of changes. Each write is checked against MODEL with the writes before it. A
// write that fails the check gets its error, and is removed from LIST. MODEL does not change. Returns a new object.
json_t *weft_batch_join(struct weft_model *model, struct weft_write **list);
