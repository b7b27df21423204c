// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// PFs and VFs for people.
#pragma once

#include <jansson.h>

// All PFs and VFs of the host; one PF and its VFs; the VF of a port.
void print_functions(const json_t *functions);
void print_pf(const json_t *pf);
void print_vf(const json_t *vf);
