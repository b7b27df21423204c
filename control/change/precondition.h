// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Whether a write may be carried out. Control thread.
#pragma once

#include "write.h"

// Checks WRITE's scope and its preconditions (expect) against MODEL, and sets its fields "conflict" and "forbidden".
// Returns 0, or -errno with ERR.
int weft_write_check(const struct weft_model *model, struct weft_write *write, struct weft_error *err);

// Checks that CHANGES, which somebody wants to make, have no field that only stored objects of older releases may have.
// Returns 0, or -EINVAL with ERR.
int weft_changes_check(const json_t *changes, struct weft_error *err);
