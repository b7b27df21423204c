// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's ports, all of them or a page at a time in the order of their names.
#include "page.h"

#include <stdlib.h>
#include <string.h>

#include "control/state/state.h"

#define PAGE_MOST 1000

struct page {
	const struct weft_port **found;
	const char *after, *tenant, *only;
	size_t n;
};

static void
find_port(void *arg, const struct weft_port *port)
{
	struct page *page = arg;
	size_t len = page->tenant ? strlen(page->tenant) : 0;

	if ((page->only == NULL || strcmp(port->o.path, page->only) == 0) &&
		(page->after == NULL || strcmp(port->o.path, page->after) > 0) &&
		(len == 0 || (strncmp(port->o.path, page->tenant, len) == 0 && port->o.path[len] == '/')))
		page->found[page->n++] = port;
}

static int
by_path(const void *a, const void *b)
{
	const struct weft_port *const *x = a, *const *y = b;

	return strcmp((*x)->o.path, (*y)->o.path);
}

const char *
weft_page_ports(const json_t *params, void (*fn)(void *arg, const struct weft_port *port), void *arg)
{
	json_int_t limit = json_integer_value(json_object_get(params, "limit"));
	struct page page = {
		.found = malloc((json_object_size(weft_ctl.local.model->objects) + 1) * sizeof(page.found[0])),
		.after = json_string_value(json_object_get(params, "after")),
		.tenant = json_string_value(json_object_get(params, "tenant")),
		.only = json_string_value(json_object_get(params, "port")),
	};
	const char *next = NULL;
	size_t most;

	if (page.found == NULL)
		return NULL;
	weft_local_each(&weft_ctl.local, find_port, &page);
	qsort(page.found, page.n, sizeof(page.found[0]), by_path);
	most = limit <= 0 ? page.n : limit > PAGE_MOST ? PAGE_MOST : (size_t)limit;
	for (size_t i = 0; i < page.n && i < most; i++)
		fn(arg, page.found[i]);
	if (most < page.n)
		next = page.found[most - 1]->o.path;
	free(page.found);
	return next;
}
