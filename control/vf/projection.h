// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The policy of a port with a VF, as attributes for the VF's PF, and who enforces each field of it: the PF's hardware,
// weft's pipeline, or nobody. Control thread.
#pragma once

#include "weft/sriov.h"
#include "weft/vf.h"

#include "control/policy/model.h"

struct weft_projection {
	struct weft_vf want;	// what the PF is to enforce
	unsigned int mask;	// attributes (1 << attr) of WANT that count
	unsigned int n_missing; // fields that nobody enforces
	json_t *rows;		// [{object, field, value, by: hardware|software|nothing|nobody, how}]
};

// Projects the policy of PORT, which has a VF of PF, field by field, over all objects that concern the port. TO->rows is
// a new array. Returns 0; or -EINVAL with ERR if the VF cannot be in the port's network at all.
int weft_project(const struct weft_model *model, const struct weft_port *port, const struct weft_pci_function *pf,
	struct weft_projection *to, struct weft_error *err);

// The fields that nobody enforces, as "object: field (why); ...", at most SIZE bytes.
void weft_projection_missing(const struct weft_projection *projection, char *text, size_t size);
