// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Who enforces a field of a port's policy: a verdict for each field of each kind of object. Control thread.
#pragma once

#include "projection.h"

enum weft_enforcer { WEFT_BY_NOTHING, WEFT_BY_HARDWARE, WEFT_BY_SOFTWARE, WEFT_BY_NOBODY };

// What a verdict depends on, and what it asks of the PF.
struct weft_facts {
	const struct weft_model *model;
	const struct weft_port *port;
	const struct weft_network *network;
	const struct weft_plan *plan;
	const struct weft_pci_function *pf;
	int can;		    // enum weft_vf_can of the PF's driver; all bits if the driver is not known
	struct weft_projection *to; // verdicts add to its want and its mask
	const json_t *value;	    // of the field
	char how[160];		    // why the field is enforced so
};

// Who enforces the FIELD ("from_vm.rate") with VALUE of an object of KIND; F's how says why.
enum weft_enforcer
weft_verdict_judge(struct weft_facts *f, const struct weft_kind *kind, const char *field, const json_t *value);
