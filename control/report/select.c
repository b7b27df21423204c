// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "select.h"

#include <stdlib.h>
#include <string.h>

#include "control/state/state.h"
#include "control/policy/names.h"

#define MAX_PAGE 1000

const struct weft_port *
weft_select_port(const json_t *params, struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "port"));
	const struct weft_port *port = NULL;
	char path[WEFT_PATH_SIZE];

	if (name == NULL) {
		weft_fail(err, EINVAL, "params.port: missing; give the name of a port");
		return NULL;
	}
	weft_full_name(name, path);
	port = weft_model_port(weft_ctl.local.model, path);
	if (port && weft_local_has(&weft_ctl.local, port))
		return port;
	if (port && port->host[0])
		weft_fail(err, ENOENT, "port %s is on host %s, and this host is %s", path, port->host,
			weft_ctl.local.host);
	else if (port)
		weft_fail(err, ENOENT, "port %s is on no host; see 'weftctl set port %s host=HOST'", path, path);
	else
		weft_fail(err, ENOENT, "there is no port %s; see 'weftctl port list'", path);
	return NULL;
}

struct selection {
	const struct weft_port **found;
	const char *after, *tenant, *only;
	size_t n;
};

static void
find_port(void *arg, const struct weft_port *port)
{
	struct selection *selection = arg;
	const char *path = port->o.path, *tenant = selection->tenant;
	size_t len = tenant ? strlen(tenant) : 0;

	if ((selection->only == NULL || strcmp(path, selection->only) == 0) &&
		(selection->after == NULL || strcmp(path, selection->after) > 0) &&
		(len == 0 || (strncmp(path, tenant, len) == 0 && path[len] == '/')))
		selection->found[selection->n++] = port;
}

static int
by_path(const void *a, const void *b)
{
	const struct weft_port *const *x = a, *const *y = b;

	return strcmp((*x)->o.path, (*y)->o.path);
}

const char *
weft_select_ports(const json_t *params, void (*fn)(void *arg, const struct weft_port *port), void *arg)
{
	json_int_t limit = json_integer_value(json_object_get(params, "limit"));
	struct selection selection = {
		.found = malloc((HASH_COUNT(weft_ctl.local.model->objects) + 1) * sizeof(selection.found[0])),
		.after = json_string_value(json_object_get(params, "after")),
		.tenant = json_string_value(json_object_get(params, "tenant")),
		.only = json_string_value(json_object_get(params, "port")),
	};
	const char *next = NULL;
	size_t most;

	if (selection.found == NULL)
		return NULL;
	weft_local_each(&weft_ctl.local, find_port, &selection);
	qsort(selection.found, selection.n, sizeof(selection.found[0]), by_path);
	most = limit <= 0 ? selection.n : limit > MAX_PAGE ? MAX_PAGE : (size_t)limit;
	for (size_t i = 0; i < selection.n && i < most; i++)
		fn(arg, selection.found[i]);
	if (most < selection.n)
		next = selection.found[most - 1]->o.path;
	free(selection.found);
	return next;
}

const char *
weft_select_slot_name(uint16_t slot)
{
	return slot ? weft_ctl.local.placement->place[slot].path : "(uplink)";
}
