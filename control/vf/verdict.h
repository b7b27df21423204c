// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Decides who enforces a field of the policy of a port with a VF. The field's description names the enforcer
// (control/base/field.h), or a function here decides by the port and its PF. Control thread.
#pragma once

#include "projection.h"

// The facts that a verdict depends on, and the changes that it asks of the PF.
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

// Returns who enforces FIELD, which is NAME ("from_vm.rate") of an object of KIND and has VALUE; ABOVE is the field
// that it stands below, NULL: none. F->how says why. Never WEFT_BY_UNKNOWN: if the field's description names no
// enforcer, the answer is WEFT_BY_NOBODY.
enum weft_enforcer weft_verdict_judge(struct weft_facts *f, const struct weft_kind *kind,
	const struct weft_field *above, const struct weft_field *field, const char *name, const json_t *value);
