// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Small writes that come together become one generation; a bad one among them fails alone. Control thread.
#pragma once

#include "write.h"

// Joins the writes in LIST into one set of changes. Each write is checked against MODEL with the writes before it; one
// that does not fit is answered, and leaves the list. MODEL is afterwards as before. Returns a new object.
json_t *weft_batch_join(struct weft_model *model, struct weft_write **list);
