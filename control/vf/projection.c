// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "projection.h"

#include <stdio.h>
#include <string.h>

#include "weft/fnv.h"

#include "verdict.h"

static void
add_row(struct weft_facts *f, const struct weft_object *object, const struct weft_field *above,
	const struct weft_field *field, const char *name, const json_t *value)
{
	static const char *const names[] = { [WEFT_BY_NOTHING] = "nothing",
		[WEFT_BY_HARDWARE] = "hardware",
		[WEFT_BY_SOFTWARE] = "software",
		[WEFT_BY_NOBODY] = "nobody" };
	enum weft_enforcer by = weft_verdict_judge(f, object->kind, above, field, name, value);

	f->to->n_missing += by == WEFT_BY_NOBODY;
	json_array_append_new(
		f->to->rows, json_pack("{s:s, s:s, s:O?, s:s, s:s}", "object", object->key, "field", name, "value",
				     (json_t *)(uintptr_t)value, "by", names[by], "how", f->how));
}

static void
add_fields(struct weft_facts *f, const struct weft_object *object, const struct weft_field *above,
	const struct weft_field *fields, const char *path, const json_t *json)
{
	char name[128];

	for (; fields->name; fields++) {
		const json_t *value = json_object_get(json, fields->name);

		snprintf(name, sizeof(name), "%s%s%s", path, path[0] ? "." : "", fields->name);
		if (fields->type == WEFT_FIELD_OBJECT)
			add_fields(f, object, above && above->vf.by ? above : fields, fields->fields, name, value);
		else
			add_row(f, object, above, fields, name, value);
	}
}

static void
add_object(struct weft_facts *f, const struct weft_object *object)
{
	json_t *json = object ? json_loads(object->text, 0, NULL) : NULL;

	if (json)
		add_fields(f, object, NULL, object->kind->fields, "", json);
	json_decref(json);
}

// Adds the objects whose rules hold for the port, and the host that it is on.
static void
add_others(struct weft_facts *f)
{
	char tenant[WEFT_NAME_SIZE], key[WEFT_KEY_SIZE], path[WEFT_PATH_SIZE];

	weft_object_tenant(&f->port->o, tenant);
	for (uint32_t i = 0; i < f->port->groups.n; i++) {
		snprintf(path, sizeof(path), "%.63s/%.63s", tenant, weft_name_at(&f->port->groups, i));
		weft_key_make(&weft_kind_group, path, key);
		add_object(f, weft_model_get(f->model, key));
	}
	weft_key_make(&weft_kind_tenant_rules, tenant, key);
	add_object(f, weft_model_get(f->model, key));
	for (const struct weft_object *object = f->model->objects; object; object = object->hh.next)
		if (object->kind == &weft_kind_provider_rules)
			add_object(f, object);
	add_object(f, f->port->host[0] ? (const struct weft_object *)weft_model_host(f->model, f->port->host) : NULL);
}

// A VF that weft polls may send and receive frames of other MACs; weft's pipeline enforces the policy. The VF's own MAC
// is a hash of the host, the PF and the index, and locally administered (IEEE 802, 8.2.2): it is the same after each
// start.
static void
project_polled(const struct weft_port *port, struct weft_projection *to)
{
	char text[128];
	uint64_t hash;

	snprintf(text, sizeof(text), "%s %s %u", port->host, port->attach.pf, port->attach.index);
	hash = weft_fnv_hash(text);
	to->want.mac = UINT64_C(0x020000000000) | ((hash ^ hash >> 40) & UINT64_C(0xffffffffff));
	to->want.trust = true;
	to->mask |= 1 << WEFT_VF_MAC | 1 << WEFT_VF_VLAN | 1 << WEFT_VF_SPOOF_CHECK;
}

int
weft_project(const struct weft_model *model, const struct weft_port *port, const struct weft_pci_function *pf,
	struct weft_projection *to, struct weft_error *err)
{
	struct weft_facts f = { .model = model,
		.port = port,
		.network = weft_model_port_network(model, port),
		.plan = weft_model_port_plan(model, port),
		.pf = pf,
		.can = weft_sriov_driver_can(pf->driver),
		.to = to };
	const struct weft_limits *limits = weft_model_limits(model, port);

	*to = (struct weft_projection){ .want = { .index = port->attach.index, .tpid = WEFT_VF_8021Q } };
	if (weft_port_is_passed_through(port) && f.network->encap != WEFT_ENCAP_VLAN)
		return weft_fail(err, EINVAL,
			"port %s: its network %s is not a VLAN network, and a passed-through VF cannot use tunnels; give the "
			"network \"encap\": \"vlan\", or let weft poll the VF",
			port->o.path, f.network->o.path);
	to->rows = json_array();
	// Attributes that may have been changed when the VF was cut off are set in any case.
	to->mask = (f.can & WEFT_VF_CAN_TRUST ? 1 << WEFT_VF_TRUST : 0) |
		   (f.can & WEFT_VF_CAN_LINK ? 1 << WEFT_VF_LINK : 0) |
		   (f.can & WEFT_VF_CAN_MAX_RATE ? 1 << WEFT_VF_RATE : 0);
	if (!weft_port_is_passed_through(port))
		project_polled(port, to);
	add_object(&f, &port->o);
	add_object(&f, (const struct weft_object *)f.network);
	add_object(&f, (const struct weft_object *)f.plan);
	add_object(&f, (const struct weft_object *)limits);
	add_others(&f);
	return 0;
}

void
weft_projection_missing(const struct weft_projection *projection, char *text, size_t size)
{
	size_t len = 0, i;
	json_t *row;

	text[0] = 0;
	json_array_foreach (projection->rows, i, row) {
		const char *object = json_string_value(json_object_get(row, "object"));

		if (strcmp(json_string_value(json_object_get(row, "by")), "nobody") || len >= size)
			continue;
		len += (size_t)snprintf(text + len, size - len, "%s%s.%s (%s)", len ? "; " : "",
			strrchr(object, '/') ? strrchr(object, '/') + 1 : object,
			json_string_value(json_object_get(row, "field")),
			json_string_value(json_object_get(row, "how")));
	}
}
