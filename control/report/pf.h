// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The host's PCI network functions: PFs, and their VFs. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// The method "functions": a list of all network functions: their driver and link, whether and why not they can be
// polled, and which port uses them; of a PF also what its driver can enforce. Returns NULL with errno and ERR.
json_t *weft_report_functions(const json_t *params, struct weft_error *err);

// The method "function", {pf: interface or PCI address}: that PF and its VFs, with what the PF enforces for each and
// has counted. Returns NULL with errno and ERR.
json_t *weft_report_function(const json_t *params, struct weft_error *err);
