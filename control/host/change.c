// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "change.h"

#include <stdlib.h>
#include <string.h>

void
weft_prepared_add_dirty(struct weft_prepared *p, const struct weft_port *port)
{
	struct weft_dirty *dirty;

	HASH_FIND_PTR(p->dirty, &port, dirty);
	if (dirty)
		return;
	dirty = calloc(1, sizeof(*dirty));
	if (dirty) {
		dirty->port = port;
		HASH_ADD_PTR(p->dirty, port, dirty);
	}
	if (dirty && dirty->hh.tbl)
		return;
	free(dirty);
	p->no_memory = true;
}

void
weft_prepared_add_old(struct weft_prepared *p, const struct weft_change *change)
{
	const char *key = (change->new ? change->new : change->old)->key;
	struct weft_old *old = calloc(1, sizeof(*old));

	if (old) {
		old->object = change->old;
		HASH_ADD_KEYPTR(hh, p->old, key, strlen(key), old);
	}
	if (old && old->hh.tbl)
		return;
	free(old);
	p->no_memory = true;
}

const struct weft_object *
weft_prepared_old(const struct weft_prepared *p, const struct weft_object *now)
{
	const struct weft_old *old;

	HASH_FIND_STR(p->old, now->key, old);
	return old ? old->object : now;
}

void
weft_prepared_add_gone(struct weft_prepared *p, uint16_t slot)
{
	if (weft_id_list_add(&p->gone, slot))
		p->no_memory = true;
}

void
weft_prepared_clear(struct weft_prepared *p)
{
	struct weft_dirty *dirty, *next_dirty;
	struct weft_old *old, *next_old;

	HASH_ITER (hh, p->dirty, dirty, next_dirty) {
		HASH_DEL(p->dirty, dirty);
		free(dirty);
	}
	HASH_ITER (hh, p->old, old, next_old) {
		HASH_DEL(p->old, old);
		free(old);
	}
	free(p->gone.items);
	free(p->opened.items);
	free(p->old_owner);
}
