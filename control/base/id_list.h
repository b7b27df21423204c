// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A growing list of small numbers: slots of ports, or numbers of broadcast domains.
#pragma once

#include <stdint.h>

// An empty one is all zero. The items are freed with free().
struct weft_id_list {
	uint16_t *items;
	uint32_t n, room;
};

// Adds ID at the end. Returns 0 or -ENOMEM, and then the list is as before.
int weft_id_list_add(struct weft_id_list *list, uint16_t id);
