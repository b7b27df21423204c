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
	return say(f, WEFT_BY_NOBODY, "the hardware cannot weight VFs");
}

static enum weft_enforcer
judge_isolation(struct weft_facts *f)
{
	if (weft_model_isolation(f->model, f->port) == WEFT_ISOLATION_KEEP)
		return say(f, WEFT_BY_NOTHING, "the port keeps working");
	return say(f, WEFT_BY_NOBODY, "packets that pass through the hardware are not stopped");
}

static bool
is_set(const json_t *value)
{
	return value && !json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0) &&
	       !(json_is_string(value) && *json_string_value(value) == 0);
}

// Functions that decide for a VF that is passed through, by field. A field that is part of another one goes by the name
// of the one that its verdict is given for.
static const struct {
	const struct weft_kind *kind;
	const char *field;
	enum weft_enforcer (*judge)(struct weft_facts *f);
} judges[] = {
	{ &weft_kind_port, "mac", judge_mac },
	{ &weft_kind_port, "groups", judge_rules },
	{ &weft_kind_port, "flood", judge_flood },
	{ &weft_kind_port, "state", judge_state },
	{ &weft_kind_network, "encap", judge_vlan },
	{ &weft_kind_network, "vlan", judge_vlan },
	{ &weft_kind_network, "mtu", judge_mtu },
	{ &weft_kind_network, "firewall", judge_rules },
	{ &weft_kind_group, "rules", judge_rules },
	{ &weft_kind_group, "default_in", judge_rules },
	{ &weft_kind_group, "default_out", judge_rules },
	{ &weft_kind_group, "on_revocation", judge_rules },
	{ &weft_kind_tenant_rules, "rules", judge_rules },
	{ &weft_kind_provider_rules, "rules", judge_rules },
	{ &weft_kind_plan, "from_vm.rate", judge_rate },
	{ &weft_kind_plan, "min_rate", judge_min_rate },
	{ &weft_kind_plan, "weight", judge_weight },
	{ &weft_kind_limits, "on_isolation", judge_isolation },
	{ &weft_kind_limits, "sessions", judge_rules },
	{ &weft_kind_limits, "half_open_sessions", judge_rules },
	{ &weft_kind_limits, "fragmented", judge_rules },
	{ &weft_kind_limits, "new_sessions_per_second", judge_rules },
};

// Whether FIELD is NAME, or stands below it.
static bool
covers(const char *name, const char *field)
{
	size_t len = strlen(name);

	return strncmp(name, field, len) == 0 && (field[len] == 0 || field[len] == '.');
}

static enum weft_enforcer
ask_judge(struct weft_facts *f, const struct weft_kind *kind, const char *name)
{
	for (size_t i = 0; i < RTE_DIM(judges); i++)
		if (judges[i].kind == kind && covers(judges[i].field, name))
			return is_set(f->value) ? judges[i].judge(f) : say(f, WEFT_BY_NOTHING, "not set");
	return say(f, WEFT_BY_NOBODY, "weft does not know how");
}

// weft's pipeline enforces all of the policy of a VF that weft polls.
static enum weft_enforcer
judge_polled(struct weft_facts *f, const struct weft_kind *kind, const char *name)
{
	if (!is_set(f->value))
		return say(f, WEFT_BY_NOTHING, "not set");
	if (kind == &weft_kind_host)
		return say(f, WEFT_BY_NOTHING, "concerns the host's tunnels and shared uplinks, not the VF");
	if (kind == &weft_kind_port && covers("vm", name))
		return say(f, WEFT_BY_NOTHING, "for people");
	if (kind == &weft_kind_port && covers("host", name))
		return say(f, WEFT_BY_NOTHING, "says which host the port is on");
	if (kind == &weft_kind_port && covers("attach", name))
		return say(f, WEFT_BY_NOTHING, "says which VF the port is");
	return say(f, WEFT_BY_SOFTWARE, "weft's pipeline");
}

enum weft_enforcer
weft_verdict_judge(struct weft_facts *f, const struct weft_kind *kind, const struct weft_field *above,
	const struct weft_field *field, const char *name, const json_t *value)
{
	const struct weft_field *says = above && above->vf.by != WEFT_BY_UNKNOWN ? above : field;

	f->value = value;
	if (!weft_port_is_passed_through(f->port))
		return judge_polled(f, kind, name);
	// A field without a verdict is nobody's even if it is not set.
	if (says->vf.by == WEFT_BY_UNKNOWN)
		return say(f, WEFT_BY_NOBODY, "weft does not know how");
	if (says->vf.by == WEFT_BY_JUDGE)
		return ask_judge(f, kind, name);
	return is_set(value) ? say(f, says->vf.by, "%s", says->vf.how) : say(f, WEFT_BY_NOTHING, "not set");
}
