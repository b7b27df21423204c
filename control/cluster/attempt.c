// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "attempt.h"

#include <stdlib.h>

#include "acks.h"

void
attempt_forget(struct driver *d)
{
	json_decref(d->record);
	json_decref(d->hosts);
	json_decref(d->report);
	json_decref(d->ops);
	json_decref(d->pending);
	free(d->text);
	d->record = d->hosts = d->report = d->ops = d->pending = NULL;
	d->text = NULL;
	d->mine = false;
}

void
attempt_reject(struct weft_write **list, const struct weft_error *err)
{
	while (*list) {
		struct weft_write *write = *list;

		*list = write->next;
		write->done(write, NULL, false, err);
	}
}

struct waiting {
	struct weft_write *write;
	json_t *report;
};

static void
on_applied(void *arg, json_t *result, bool late, const struct weft_error *err)
{
	struct waiting *w = arg;

	(void)err;
	if (result)
		json_object_update(w->report, result);
	else
		late = true;
	json_decref(result);
	w->write->done(w->write, w->report, late, NULL);
	free(w);
}

void
attempt_answer(struct driver *d, uint64_t generation)
{
	json_object_set_new(d->report, "generation", json_integer(generation));
	while (d->writes) {
		struct weft_write *write = d->writes;
		json_t *report = json_deep_copy(d->report);
		struct waiting *w = write->wait ? malloc(sizeof(*w)) : NULL;

		d->writes = write->next;
		if (w) {
			*w = (struct waiting){ .write = write, .report = report };
			acks_wait(d->c->acks, generation, write->timeout_ms, d->hosts, on_applied, w);
		} else {
			write->done(write, report, false, NULL);
		}
	}
}
