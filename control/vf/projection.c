// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "projection.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "weft/fnv.h"

#include "control/base/map.h"
#include "control/compile/plans.h"

#define MBIT 1000000

enum by { NOTHING, HARDWARE, SOFTWARE, NOBODY };

static const char *const by_names[] = { "nothing", "hardware", "software", "nobody" };

// What a verdict depends on, and what it asks of the PF.
struct facts {
	const struct weft_model *model;
	const struct weft_port *port;
	const struct weft_network *network;
	const struct weft_plan *plan;
	const struct weft_function *pf;
	int can; // enum weft_vf_can of the PF's driver; all bits if the driver is not known
	struct weft_projection *to;
	const json_t *value; // of the field
	char how[160];	     // why it is enforced so
};

// Returns BY, and notes why.
__attribute__((format(printf, 3, 4))) static enum by
say(struct facts *f, enum by by, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->how, sizeof(f->how), fmt, ap);
	va_end(ap);
	return by;
}

static enum by
judge_mac(struct facts *f)
{
	f->to->want.mac = f->port->mac;
	f->to->want.spoof_check = true;
	f->to->mask |= 1 << WEFT_VF_MAC | 1 << WEFT_VF_SPOOF_CHECK;
	return say(f, HARDWARE, "its MAC, with a spoof check");
}

static enum by
judge_vlan(struct facts *f)
{
	f->to->want.vlan = f->network->vlan;
	f->to->want.tpid = WEFT_VF_8021Q;
	f->to->mask |= 1 << WEFT_VF_VLAN;
	return say(f, HARDWARE, "VLAN %u, which the VM neither sees nor leaves", f->network->vlan);
}

static enum by
judge_mtu(struct facts *f)
{
	if (f->pf->mtu >= f->network->mtu)
		return say(f, HARDWARE, "the PF's MTU is %u", f->pf->mtu);
	return say(f, NOBODY, "the PF's MTU is %u: 'ip link set dev %s mtu %u'", f->pf->mtu, f->pf->interface,
		f->network->mtu);
}

static enum by
judge_rules(struct facts *f)
{
	if (f->network->firewall)
		return say(f, NOBODY, "the hardware has no stateful firewall");
	return say(f, NOTHING, "the network has no firewall");
}

static enum by
judge_flood(struct facts *f)
{
	if (json_integer_value(f->value) == 0)
		return say(f, NOTHING, "no limit");
	return say(f, NOBODY, "the hardware does not limit what is sent to all; 0 is no limit");
}

static enum by
judge_state(struct facts *f)
{
	bool up = f->port->state == WEFT_PORT_UP;

	f->to->want.link = up ? WEFT_VF_LINK_AUTO : WEFT_VF_LINK_OFF;
	if (!up && !(f->can & WEFT_VF_CAN_LINK))
		return say(f, NOBODY, "%s cannot take a VF's link away: take the VF from the VM", f->pf->driver);
	return say(f, HARDWARE, up ? "as the PF's link" : "its link is off");
}

static enum by
judge_rate(struct facts *f)
{
	uint64_t mbit = f->plan->from_vm.rate / MBIT;

	if (f->pf->speed && mbit >= f->pf->speed)
		return say(f, HARDWARE, "the link is no faster");
	if (!(f->can & WEFT_VF_CAN_MAX_RATE))
		return say(f, NOBODY, "%s has no maximum rate of a VF", f->pf->driver);
	if (mbit == 0)
		return say(f, NOBODY, "the hardware's least is 1 Mbit/s");
	f->to->want.max_rate = (uint32_t)mbit;
	return say(f, HARDWARE, "%llu Mbit/s", (unsigned long long)mbit);
}

static enum by
judge_min_rate(struct facts *f)
{
	uint64_t mbit = (f->plan->min_rate + MBIT - 1) / MBIT;

	if (mbit == 0)
		return say(f, NOTHING, "no guarantee");
	if (!(f->can & WEFT_VF_CAN_MIN_RATE))
		return say(f, NOBODY, "%s has no minimum rate of a VF", f->pf->driver);
	f->to->want.min_rate = (uint32_t)mbit;
	return say(f, HARDWARE, "%llu Mbit/s", (unsigned long long)mbit);
}

static enum by
judge_weight(struct facts *f)
{
	if (f->plan->weight == WEFT_WEIGHT_DEFAULT)
		return say(f, NOTHING, "as all others");
	return say(f, NOBODY, "the hardware has no weights");
}

static enum by
judge_isolation(struct facts *f)
{
	if (weft_model_isolation(f->model, f->port) == WEFT_ISOLATION_KEEP)
		return say(f, NOTHING, "nothing changes");
	return say(f, NOBODY, "what passes the hardware goes on");
}

#define ANY "*" // all fields of the kind

#define WITHOUT_FIREWALL "nothing to enforce without a firewall or a tunnel"
#define OF_THE_HOST	 "of the host, and its tunnels and shared uplinks"

// Who enforces a field that is set. A field that has fields below it stands for all of them.
struct verdict {
	const struct weft_kind *kind; // NULL: all
	const char *field;
	enum by (*judge)(struct facts *f); // decides, unless it is NULL
	enum by by;
	const char *how;
};

// For a VF that is passed through. Every field of every kind is named here, so that a new field without a verdict fails
// the test.
static const struct verdict passthrough_verdicts[] = {
	{ &weft_kind_port, "vm", NULL, NOTHING, "for people" },
	{ &weft_kind_port, "host", NULL, NOTHING, "where it is" },
	{ &weft_kind_port, "network", NULL, HARDWARE, "see its encap" },
	{ &weft_kind_port, "mac", judge_mac, NOBODY, NULL },
	{ &weft_kind_port, "ips", NULL, NOBODY, "the hardware's spoof check does not look at IP addresses" },
	{ &weft_kind_port, "groups", judge_rules, NOBODY, NULL },
	{ &weft_kind_port, "plan", NULL, NOTHING, "see its fields" },
	{ &weft_kind_port, "rate", NULL, NOTHING, "of uplinks" },
	{ &weft_kind_port, "vlan", NULL, NOBODY, "the hardware sets one tag, the network's" },
	{ &weft_kind_port, "attach", NULL, NOTHING, "what it is" },
	{ &weft_kind_port, "flood", judge_flood, NOBODY, NULL },
	{ &weft_kind_port, "max_macs", NULL, HARDWARE, "one, by the spoof check" },
	{ &weft_kind_port, "state", judge_state, NOBODY, NULL },
	{ &weft_kind_port, "worker", NULL, NOTHING, "no worker has it" },
	{ &weft_kind_network, "encap", judge_vlan, NOBODY, NULL },
	{ &weft_kind_network, "vlan", judge_vlan, NOBODY, NULL },
	{ &weft_kind_network, "mtu", judge_mtu, NOBODY, NULL },
	{ &weft_kind_network, "learning", NULL, HARDWARE, "the PF's switch knows its MAC" },
	{ &weft_kind_network, "snooping", NULL, HARDWARE, "the PF delivers the groups that the VM's driver wants" },
	{ &weft_kind_network, "firewall", judge_rules, NOBODY, NULL },
	{ &weft_kind_network, "vni", NULL, NOTHING, WITHOUT_FIREWALL },
	{ &weft_kind_network, "subnets", NULL, NOTHING, WITHOUT_FIREWALL },
	{ &weft_kind_network, "tcp", NULL, NOTHING, WITHOUT_FIREWALL },
	{ &weft_kind_network, "pickup", NULL, NOTHING, WITHOUT_FIREWALL },
	{ &weft_kind_group, "rules", judge_rules, NOBODY, NULL },
	{ &weft_kind_group, "default_in", judge_rules, NOBODY, NULL },
	{ &weft_kind_group, "default_out", judge_rules, NOBODY, NULL },
	{ &weft_kind_group, "on_revocation", judge_rules, NOBODY, NULL },
	{ &weft_kind_tenant_rules, "rules", judge_rules, NOBODY, NULL },
	{ &weft_kind_provider_rules, "rules", judge_rules, NOBODY, NULL },
	{ &weft_kind_plan, "from_vm.rate", judge_rate, NOBODY, NULL },
	{ &weft_kind_plan, "from_vm.burst", NULL, NOBODY, "the hardware has a burst of its own" },
	{ &weft_kind_plan, "from_vm.pps", NULL, NOBODY, "the hardware does not count packets" },
	{ &weft_kind_plan, "to_vm", NULL, NOBODY, "the hardware does not limit what a VF receives" },
	{ &weft_kind_plan, "min_rate", judge_min_rate, NOBODY, NULL },
	{ &weft_kind_plan, "weight", judge_weight, NOBODY, NULL },
	{ &weft_kind_plan, "dscp", NULL, NOBODY, "the hardware does not mark" },
	{ &weft_kind_limits, "ports", NULL, SOFTWARE, "when ports are added" },
	{ &weft_kind_limits, "rate", NULL, NOBODY, "the hardware's rates are each VF's own" },
	{ &weft_kind_limits, "on_isolation", judge_isolation, NOBODY, NULL },
	{ &weft_kind_limits, "sessions", judge_rules, NOBODY, NULL },
	{ &weft_kind_limits, "half_open_sessions", judge_rules, NOBODY, NULL },
	{ &weft_kind_limits, "fragmented", judge_rules, NOBODY, NULL },
	{ &weft_kind_limits, "new_sessions_per_second", judge_rules, NOBODY, NULL },
	{ &weft_kind_host, "tunnel", NULL, NOTHING, OF_THE_HOST },
	{ &weft_kind_host, "uplinks", NULL, NOTHING, OF_THE_HOST },
	{ &weft_kind_host, "deny", NULL, NOTHING, OF_THE_HOST },
	{ NULL, ANY, NULL, NOBODY, "weft does not know how" },
};

// For a VF that weft polls.
static const struct verdict polled_verdicts[] = {
	{ &weft_kind_port, "vm", NULL, NOTHING, "for people" },
	{ &weft_kind_port, "host", NULL, NOTHING, "where it is" },
	{ &weft_kind_port, "attach", NULL, NOTHING, "what it is" },
	{ &weft_kind_host, ANY, NULL, NOTHING, OF_THE_HOST },
	{ NULL, ANY, NULL, SOFTWARE, "weft's pipeline" },
};

// Whether FIELD is NAME, or stands below it.
static bool
covers(const char *name, const char *field)
{
	size_t len = strlen(name);

	return strcmp(name, ANY) == 0 || (strncmp(name, field, len) == 0 && (field[len] == 0 || field[len] == '.'));
}

static const struct verdict *
verdict_of(const struct weft_port *port, const struct weft_kind *kind, const char *field)
{
	const struct verdict *v = weft_port_is_passed_through(port) ? passthrough_verdicts : polled_verdicts;

	while ((v->kind && v->kind != kind) || !covers(v->field, field))
		v++;
	return v;
}

static bool
is_set(const json_t *value)
{
	return value && !json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0) &&
	       !(json_is_string(value) && *json_string_value(value) == 0);
}

static void
add_row(struct facts *f, const struct weft_object *object, const char *field, const json_t *value)
{
	const struct verdict *v = verdict_of(f->port, object->kind, field);
	enum by by;

	f->value = value;
	// A field that has no verdict is missing even if it is not set.
	if (!is_set(value) && !(v->kind == NULL && v->by == NOBODY)) {
		by = say(f, NOTHING, "not set");
	} else if (v->judge) {
		by = v->judge(f);
	} else {
		by = say(f, v->by, "%s", v->how);
	}
	f->to->n_missing += by == NOBODY;
	json_array_append_new(
		f->to->rows, json_pack("{s:s, s:s, s:O?, s:s, s:s}", "object", object->key, "field", field, "value",
				     (json_t *)(uintptr_t)value, "by", by_names[by], "how", f->how));
}

static void
add_fields(struct facts *f, const struct weft_object *object, const struct weft_field *fields, const char *above,
	const json_t *json)
{
	char name[128];

	for (; fields->name; fields++) {
		const json_t *value = json_object_get(json, fields->name);

		snprintf(name, sizeof(name), "%s%s%s", above, above[0] ? "." : "", fields->name);
		if (fields->type == WEFT_FIELD_OBJECT)
			add_fields(f, object, fields->fields, name, value);
		else
			add_row(f, object, name, value);
	}
}

static void
add_object(struct facts *f, const struct weft_object *object)
{
	json_t *json = object ? json_loads(object->text, 0, NULL) : NULL;

	if (json)
		add_fields(f, object, object->kind->fields, "", json);
	json_decref(json);
}

// Adds the objects whose rules hold for the port, and the host that it is on.
static void
add_others(struct facts *f)
{
	char tenant[WEFT_NAME_SIZE], key[WEFT_KEY_SIZE], path[WEFT_PATH_SIZE];
	const char *name;
	json_t *value;

	weft_object_tenant(&f->port->o, tenant);
	for (uint32_t i = 0; i < f->port->groups.n; i++) {
		snprintf(path, sizeof(path), "%.63s/%.63s", tenant, weft_name_at(&f->port->groups, i));
		weft_key_make(&weft_kind_group, path, key);
		add_object(f, weft_model_get(f->model, key));
	}
	weft_key_make(&weft_kind_tenant_rules, tenant, key);
	add_object(f, weft_model_get(f->model, key));
	json_object_foreach (f->model->objects, name, value) {
		const struct weft_object *object = weft_map_value(value);

		if (object->kind == &weft_kind_provider_rules)
			add_object(f, object);
	}
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
weft_project(const struct weft_model *model, const struct weft_port *port, const struct weft_function *pf,
	struct weft_projection *to, struct weft_error *err)
{
	struct facts f = { .model = model,
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
			"port %s: its network %s is no VLAN, and frames that a VM sends through a VF of its own cannot be "
			"put into tunnels; give the network \"encap\": \"vlan\", or let weft poll the VF",
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

		if (strcmp(json_string_value(json_object_get(row, "by")), by_names[NOBODY]) || len >= size)
			continue;
		len += (size_t)snprintf(text + len, size - len, "%s%s.%s (%s)", len ? "; " : "",
			strrchr(object, '/') ? strrchr(object, '/') + 1 : object,
			json_string_value(json_object_get(row, "field")),
			json_string_value(json_object_get(row, "how")));
	}
}
