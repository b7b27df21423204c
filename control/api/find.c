// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "find.h"

#include <stdlib.h>
#include <string.h>

#include "control/base/address.h"
#include "control/state/state.h"

struct search {
	struct weft_call *call;
	char what[WEFT_PATH_SIZE];
	json_t *found;
};

static bool
has_address(const struct weft_port *port, const char *text)
{
	struct weft_prefix4 v4;
	struct weft_prefix6 v6;

	if (weft_prefix4_parse(text, &v4) == 0)
		for (unsigned int i = 0; i < port->ips.n4; i++)
			if ((v4.addr & port->ips.v4[i].mask) == port->ips.v4[i].addr)
				return true;
	if (weft_prefix6_parse(text, &v6))
		return false;
	for (unsigned int i = 0; i < port->ips.n6; i++) {
		bool same = true;

		for (unsigned int k = 0; k < 16; k++)
			same &= (v6.addr[k] & port->ips.v6[i].mask[k]) == port->ips.v6[i].addr[k];
		if (same)
			return true;
	}
	return false;
}

static bool
matches(const struct weft_port *port, const char *what)
{
	const char *name = strchr(port->o.path, '/') + 1;
	uint64_t mac;

	if (strcmp(port->o.path, what) == 0 || strcmp(name, what) == 0 || strcmp(port->vm, what) == 0)
		return true;
	if (weft_mac_parse(what, &mac) == 0)
		return port->mac == mac;
	return has_address(port, what);
}

// Adds the state of its host to each port that was found, and answers.
static void
on_hosts(void *arg, json_t *result, bool late, const struct weft_error *err)
{
	struct search *search = arg;
	size_t i, k;
	json_t *row, *host;

	(void)late, (void)err;
	json_array_foreach (search->found, i, row) {
		const char *name = json_string_value(json_object_get(row, "host"));

		json_object_set(row, "generation", json_object_get(result, "generation"));
		json_array_foreach (json_object_get(result, "hosts"), k, host) {
			if (strcmp(json_string_value(json_object_get(host, "host")), name))
				continue;
			json_object_set(row, "host_state", json_object_get(host, "state"));
			json_object_set(row, "host_generation", json_object_get(host, "applied"));
		}
	}
	json_decref(result);
	weft_call_result(search->call, search->found);
	free(search);
}

static void
on_view(void *arg, struct weft_model *model, const struct weft_error *err)
{
	struct search *search = arg;
	struct weft_error none;

	if (model == NULL) {
		weft_call_error(search->call, WEFT_CALL_REJECTED, err);
		free(search);
		return;
	}
	search->found = json_array();
	for (const struct weft_object *object = model->objects; object; object = object->hh.next) {
		const struct weft_port *port = (const struct weft_port *)object;
		json_t *row;

		if (port->o.kind != &weft_kind_port || !matches(port, search->what))
			continue;
		row = json_loads(port->o.text, 0, NULL);
		json_object_set_new(row, "port", json_string(port->o.path));
		json_object_set_new(row, "host",
			json_string(port->host[0]	   ? port->host
				    : weft_ctl.local.alone ? weft_ctl.local.host
							   : ""));
		json_array_append_new(search->found, row);
	}
	if (json_array_size(search->found)) {
		weft_ctl.store->wait(0, 0, on_hosts, search);
		return;
	}
	weft_fail(&none, ENOENT, "no port has the name, VM, MAC or address \"%s\"", search->what);
	weft_call_error(search->call, WEFT_CALL_REJECTED, &none);
	json_decref(search->found);
	free(search);
}

void
weft_api_find(struct weft_call *call, const json_t *params)
{
	const char *what = json_string_value(json_object_get(params, "what"));
	struct search *search = what && strlen(what) < sizeof(search->what) ? calloc(1, sizeof(*search)) : NULL;
	struct weft_error err;

	if (search == NULL) {
		weft_fail(
			&err, EINVAL, "params.what: missing or too long; give the name, VM, MAC or address of a port");
		weft_call_error(call, WEFT_CALL_REJECTED, &err);
		return;
	}
	search->call = call;
	strcpy(search->what, what);
	weft_ctl.store->view(on_view, search);
}
