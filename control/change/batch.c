// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "batch.h"

#include <stdlib.h>

#include "weft/clock.h"

#include "control/policy/model.h"
#include "precondition.h"

json_t *
weft_batch_join(struct weft_model *model, struct weft_write **list)
{
	struct weft_changeset *sets = NULL, *more;
	json_t *changes = json_object();
	unsigned int n = 0;

	for (struct weft_write **w = list; *w;) {
		struct weft_write *write = *w;
		struct weft_error err = { "no memory" };

		more = realloc(sets, (n + 1) * sizeof(*sets));
		if (more)
			sets = more;
		if (more && weft_write_check(model, write, &err) == 0 &&
			weft_model_change(model, write->changes, weft_clock_wall_s(), &sets[n], &err) == 0) {
			n++;
			json_object_update(changes, write->changes);
			w = &write->next;
			continue;
		}
		*w = write->next;
		write->done(write, NULL, false, &err);
	}
	while (n > 0)
		weft_model_revert(model, &sets[--n]);
	free(sets);
	return changes;
}
