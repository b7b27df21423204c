// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The VFs that weft has created. Their number is kept in STATE_DIR/vfs.json: weft creates them again after the machine
// has started, and removes no others. Control thread.
#pragma once

#include "weft/sriov.h"

// Reads STATE_DIR/vfs.json and creates the VFs that are missing; failures to create them are logged. At the start; waits
// until they are created. Returns 0, or -errno with ERR: the file cannot be read.
int weft_provision_restore(const char *state_dir, struct weft_error *err);

// Creates VFs again on PFs that are back, in a thread of its own. To be called every few seconds.
void weft_provision_watch(void);

// How many VFs weft has created on the PF at ADDRESS.
unsigned int weft_provision_count(const char *address);

// Creates COUNT VFs on PF; if PF has that many of weft's already, that is no error. Returns 0, or -errno with ERR.
int weft_provision_create(const struct weft_pci_function *pf, long long count, struct weft_error *err);

// Removes the VFs of PF, if weft has created them and nobody uses them. Returns 0, or -errno with ERR.
int weft_provision_destroy(const struct weft_pci_function *pf, struct weft_error *err);
