// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The VFs that weft has made, kept in STATE_DIR/vfs.json: it makes them again after the machine has started, and takes
// none away but those. Control thread.
#pragma once

#include "control/state/state.h"

// Makes what is kept and not there; what cannot be made is logged. At the start, and waits for it.
void weft_made_restore(void);

// The same while weftd runs, for PFs that are back, and does not wait.
void weft_made_watch(void);

// How many VFs of the PF at ADDRESS weft has made.
unsigned int weft_made(const char *address);

// The methods: {pf, count} and {pf}. Results are as weft_report_function()'s; NULL with ERR.
json_t *weft_made_create(const json_t *params, struct weft_error *err);
json_t *weft_made_destroy(const json_t *params, struct weft_error *err);
