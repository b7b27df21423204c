// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// ARP and neighbour discovery in networks that span hosts.
#pragma once

#include "weft/worker.h"

// Answers the question in lane I if its network has tunnels and the policy knows the address that is asked for.
// Returns whether it did: then the frame is gone. Owner worker.
bool weft_neighbour_answer(struct weft_worker *worker, struct weft_vec *vec, unsigned int i);
