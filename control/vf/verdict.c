// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "control/policy/kind_host.h"
#include "control/policy/kind_rules.h"
#include "control/policy/lookup.h"

#define MBIT 1000000

// Returns BY, and notes why.
__attribute__((format(printf, 3, 4))) static enum weft_enforcer
say(struct weft_facts *f, enum weft_enforcer by, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->how, sizeof(f->how), fmt, ap);
	va_end(ap);
	return by;
}

static enum weft_enforcer
judge_mac(struct weft_facts *f)
{
	f->to->want.mac = f->port->mac;
	f->to->want.spoof_check = true;
	f->to->mask |= 1 << WEFT_VF_MAC | 1 << WEFT_VF_SPOOF_CHECK;
	return say(f, WEFT_BY_HARDWARE, "the port's MAC, with a spoof check");
}

static enum weft_enforcer
judge_vlan(struct weft_facts *f)
{
	f->to->want.vlan = f->network->vlan;
	f->to->want.tpid = WEFT_VF_8021Q;
	f->to->mask |= 1 << WEFT_VF_VLAN;
	return say(f, WEFT_BY_HARDWARE, "VLAN %u, which the VM neither sees nor leaves", f->network->vlan);
}

static enum weft_enforcer
judge_mtu(struct weft_facts *f)
{
	if (f->pf->mtu >= f->network->mtu)
		return say(f, WEFT_BY_HARDWARE, "the PF's MTU is %u", f->pf->mtu);
	return say(f, WEFT_BY_NOBODY, "the PF's MTU is %u: 'ip link set dev %s mtu %u'", f->pf->mtu, f->pf->interface,
		f->network->mtu);
}

static enum weft_enforcer
judge_rules(struct weft_facts *f)
{
	if (f->network->firewall)
		return say(f, WEFT_BY_NOBODY, "the hardware has no stateful firewall");
	return say(f, WEFT_BY_NOTHING, "the network has no firewall");
}

static enum weft_enforcer
judge_flood(struct weft_facts *f)
{
	if (json_integer_value(f->value) == 0)
		return say(f, WEFT_BY_NOTHING, "no limit");
	return say(f, WEFT_BY_NOBODY, "the hardware does not limit flooded frames; 0 is no limit");
}

static enum weft_enforcer
judge_state(struct weft_facts *f)
{
	bool up = f->port->state == WEFT_PORT_UP;

	f->to->want.link = up ? WEFT_VF_LINK_AUTO : WEFT_VF_LINK_OFF;
	if (!up && !(f->can & WEFT_VF_CAN_LINK))
		return say(
			f, WEFT_BY_NOBODY, "%s cannot turn off a VF's link: detach the VF from the VM", f->pf->driver);
	return say(f, WEFT_BY_HARDWARE, up ? "follows the PF's link" : "the VF's link is off");
}

static enum weft_enforcer
judge_rate(struct weft_facts *f)
{
	uint64_t mbit = f->plan->from_vm.rate / MBIT;

	if (f->pf->speed && mbit >= f->pf->speed)
		return say(f, WEFT_BY_HARDWARE, "the link is not faster than that");
	if (!(f->can & WEFT_VF_CAN_MAX_RATE))
		return say(f, WEFT_BY_NOBODY, "%s cannot limit the rate of a VF", f->pf->driver);
	if (mbit == 0)
		return say(f, WEFT_BY_NOBODY, "the hardware's lowest rate is 1 Mbit/s");
	f->to->want.max_rate = (uint32_t)mbit;
	return say(f, WEFT_BY_HARDWARE, "%llu Mbit/s", (unsigned long long)mbit);
}

static enum weft_enforcer
judge_min_rate(struct weft_facts *f)
{
	uint64_t mbit = (f->plan->min_rate + MBIT - 1) / MBIT;

	if (mbit == 0)
		return say(f, WEFT_BY_NOTHING, "no guarantee");
	if (!(f->can & WEFT_VF_CAN_MIN_RATE))
		return say(f, WEFT_BY_NOBODY, "%s cannot guarantee a rate to a VF", f->pf->driver);
	f->to->want.min_rate = (uint32_t)mbit;
	return say(f, WEFT_BY_HARDWARE, "%llu Mbit/s", (unsigned long long)mbit);
}

static enum weft_enforcer
judge_weight(struct weft_facts *f)
{
	if (f->plan->weight == WEFT_WEIGHT_DEFAULT)
		return say(f, WEFT_BY_NOTHING, "the default weight");
	return say(f, WEFT_BY_NOBODY, "the hardware has no weights");
}

static enum weft_enforcer
judge_isolation(struct weft_facts *f)
{
	if (weft_model_isolation(f->model, f->port) == WEFT_ISOLATION_KEEP)
		return say(f, WEFT_BY_NOTHING, "the port keeps working");
	return say(f, WEFT_BY_NOBODY, "packets that pass through the hardware are not stopped");
}

#define ANY "*" // all fields of the kind

#define WITHOUT_FIREWALL "nothing to enforce without a firewall or a tunnel"
#define OF_THE_HOST	 "concerns the host's tunnels and shared uplinks, not the VF"

// Who enforces a field that is set. A field that has fields below it stands for all of them.
struct verdict {
	const struct weft_kind *kind; // NULL: all
	const char *field;
	enum weft_enforcer (*judge)(struct weft_facts *f); // decides, unless it is NULL
	enum weft_enforcer by;
	const char *how;
};

// For a VF that is passed through. Every field of every kind is named here, so that a new field without a verdict fails
// the test.
static const struct verdict passthrough_verdicts[] = {
	{ &weft_kind_port, "vm", NULL, WEFT_BY_NOTHING, "for people" },
	{ &weft_kind_port, "host", NULL, WEFT_BY_NOTHING, "says which host the port is on" },
	{ &weft_kind_port, "network", NULL, WEFT_BY_HARDWARE, "see the network's encap" },
	{ &weft_kind_port, "mac", judge_mac, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_port, "ips", NULL, WEFT_BY_NOBODY, "the hardware's spoof check does not look at IP addresses" },
	{ &weft_kind_port, "groups", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_port, "plan", NULL, WEFT_BY_NOTHING, "see the plan's fields" },
	{ &weft_kind_port, "rate", NULL, WEFT_BY_NOTHING, "applies to uplinks only" },
	{ &weft_kind_port, "vlan", NULL, WEFT_BY_NOBODY, "the hardware sets one tag, the network's" },
	{ &weft_kind_port, "attach", NULL, WEFT_BY_NOTHING, "says which VF the port is" },
	{ &weft_kind_port, "flood", judge_flood, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_port, "max_macs", NULL, WEFT_BY_HARDWARE, "one MAC, by the spoof check" },
	{ &weft_kind_port, "state", judge_state, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_port, "worker", NULL, WEFT_BY_NOTHING, "no worker polls the VF" },
	{ &weft_kind_network, "encap", judge_vlan, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_network, "vlan", judge_vlan, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_network, "mtu", judge_mtu, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_network, "learning", NULL, WEFT_BY_HARDWARE, "the PF's switch knows its MAC" },
	{ &weft_kind_network, "snooping", NULL, WEFT_BY_HARDWARE,
		"the PF delivers the groups that the VM's driver wants" },
	{ &weft_kind_network, "firewall", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_network, "vni", NULL, WEFT_BY_NOTHING, WITHOUT_FIREWALL },
	{ &weft_kind_network, "subnets", NULL, WEFT_BY_NOTHING, WITHOUT_FIREWALL },
	{ &weft_kind_network, "tcp", NULL, WEFT_BY_NOTHING, WITHOUT_FIREWALL },
	{ &weft_kind_network, "pickup", NULL, WEFT_BY_NOTHING, WITHOUT_FIREWALL },
	{ &weft_kind_group, "rules", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_group, "default_in", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_group, "default_out", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_group, "on_revocation", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_tenant_rules, "rules", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_provider_rules, "rules", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_plan, "from_vm.rate", judge_rate, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_plan, "from_vm.burst", NULL, WEFT_BY_NOBODY, "the hardware has a burst of its own" },
	{ &weft_kind_plan, "from_vm.pps", NULL, WEFT_BY_NOBODY, "the hardware does not count packets" },
	{ &weft_kind_plan, "to_vm", NULL, WEFT_BY_NOBODY, "the hardware does not limit what a VF receives" },
	{ &weft_kind_plan, "min_rate", judge_min_rate, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_plan, "weight", judge_weight, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_plan, "dscp", NULL, WEFT_BY_NOBODY, "the hardware does not mark" },
	{ &weft_kind_limits, "ports", NULL, WEFT_BY_SOFTWARE, "checked when ports are added" },
	{ &weft_kind_limits, "rate", NULL, WEFT_BY_NOBODY, "the hardware's rates are each VF's own" },
	{ &weft_kind_limits, "on_isolation", judge_isolation, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_limits, "sessions", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_limits, "half_open_sessions", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_limits, "fragmented", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_limits, "new_sessions_per_second", judge_rules, WEFT_BY_NOBODY, NULL },
	{ &weft_kind_host, "tunnel", NULL, WEFT_BY_NOTHING, OF_THE_HOST },
	{ &weft_kind_host, "uplinks", NULL, WEFT_BY_NOTHING, OF_THE_HOST },
	{ &weft_kind_host, "deny", NULL, WEFT_BY_NOTHING, OF_THE_HOST },
	{ NULL, ANY, NULL, WEFT_BY_NOBODY, "weft does not know how" },
};

// For a VF that weft polls.
static const struct verdict polled_verdicts[] = {
	{ &weft_kind_port, "vm", NULL, WEFT_BY_NOTHING, "for people" },
	{ &weft_kind_port, "host", NULL, WEFT_BY_NOTHING, "says which host the port is on" },
	{ &weft_kind_port, "attach", NULL, WEFT_BY_NOTHING, "says which VF the port is" },
	{ &weft_kind_host, ANY, NULL, WEFT_BY_NOTHING, OF_THE_HOST },
	{ NULL, ANY, NULL, WEFT_BY_SOFTWARE, "weft's pipeline" },
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

enum weft_enforcer
weft_verdict_judge(struct weft_facts *f, const struct weft_kind *kind, const char *field, const json_t *value)
{
	const struct verdict *v = verdict_of(f->port, kind, field);

	f->value = value;
	// A field that has no verdict is missing even if it is not set.
	if (!is_set(value) && !(v->kind == NULL && v->by == WEFT_BY_NOBODY))
		return say(f, WEFT_BY_NOTHING, "not set");
	return v->judge ? v->judge(f) : say(f, v->by, "%s", v->how);
}
