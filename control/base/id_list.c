// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "id_list.h"

#include <errno.h>
#include <stdlib.h>

#define MIN_ROOM 16

int
weft_id_list_add(struct weft_id_list *list, uint16_t id)
{
	uint32_t room = list->room ? 2 * list->room : MIN_ROOM;
	uint16_t *more;

	if (list->n == list->room) {
		more = realloc(list->items, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		list->items = more;
		list->room = room;
	}
	list->items[list->n++] = id;
	return 0;
}
