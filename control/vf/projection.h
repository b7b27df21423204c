// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What a port's policy is to the PF of its VF, and who enforces each part of it: the PF's hardware, weft's pipeline, or
// nobody. Control thread.
#pragma once

#include "weft/sriov.h"
#include "weft/vf.h"

#include "control/policy/model.h"

struct weft_projection {
	struct weft_vf want;	// what the PF is to enforce
	unsigned int mask;	// of WANT, 1 << attribute
	unsigned int n_missing; // parts that nobody enforces
	json_t *rows;		// [{object, field, value, by: hardware|software|nothing|nobody, how}]
};

// Projects the policy of PORT, which has a VF of PF, part by part: each field of each object that concerns it. TO->rows
// is a new array. Returns 0; or -EINVAL with ERR, where the VF cannot be part of the port's network at all.
int weft_project(const struct weft_model *model, const struct weft_port *port, const struct weft_function *pf,
	struct weft_projection *to, struct weft_error *err);

// The fields that nobody enforces, as "object: field (why); ...", at most SIZE bytes.
void weft_projection_missing(const struct weft_projection *projection, char *text, size_t size);
