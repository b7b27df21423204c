// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Rules, one after the other.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"

static bool
in_prefix(const char *text, bool v6, const uint8_t *addr)
{
	char copy[64], *slash;
	uint8_t prefix[16];
	int length = v6 ? 128 : 32;

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (slash) {
		*slash = 0;
		length = atoi(slash + 1);
	}
	if ((strchr(copy, ':') != NULL) != v6 || inet_pton(v6 ? AF_INET6 : AF_INET, copy, prefix) != 1)
		return false;
	for (int bit = 0; bit < length; bit++)
		if ((prefix[bit / 8] ^ addr[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static bool
has_address(const struct weft_port *port, bool v6, const uint8_t *addr)
{
	for (unsigned int i = 0; !v6 && i < port->ips.n4; i++)
		if (memcmp(&port->ips.v4[i].addr, addr, 4) == 0)
			return true;
	for (unsigned int i = 0; v6 && i < port->ips.n6; i++)
		if (memcmp(port->ips.v6[i].addr, addr, 16) == 0)
			return true;
	return false;
}

static bool
in_group(const struct weft_model *model, const char *group, const char *network, bool v6, const uint8_t *addr)
{
	for (const struct weft_object *object = model->objects; object; object = object->hh.next) {
		const struct weft_port *port = (const struct weft_port *)object;

		if (port->o.kind != &weft_kind_port || strcmp(port->network, network) || !has_address(port, v6, addr))
			continue;
		for (uint32_t i = 0; i < port->groups.n; i++)
			if (strcmp(weft_name_at(&port->groups, i), group) == 0)
				return true;
	}
	return false;
}

static bool
matches(const struct weft_model *model, const struct weft_rule *rule, const char *network, const struct ref_packet *p,
	const uint8_t *remote)
{
	bool icmp = p->proto == 1 || p->proto == 58, found = rule->ports.n == 0;

	if (rule->protocol >= 0 && rule->protocol != p->proto)
		return false;
	for (unsigned int i = 0; i < rule->ports.n; i++)
		found = found || (p->dport >= rule->ports.range[i].low && p->dport <= rule->ports.range[i].high);
	if (!found)
		return false;
	if (rule->icmp.type >= 0 && (!icmp || p->icmp_type != rule->icmp.type))
		return false;
	if (rule->icmp.code >= 0 && p->icmp_code != rule->icmp.code)
		return false;
	if (rule->remote.cidr[0])
		return in_prefix(rule->remote.cidr, p->v6, remote);
	if (rule->remote.group[0])
		return in_group(model, rule->remote.group, network, p->v6, remote);
	if (rule->remote.network[0]) {
		char path[WEFT_PATH_SIZE];
		const struct weft_network *other;

		snprintf(path, sizeof(path), "t/%s", rule->remote.network);
		other = weft_model_network(model, path);
		for (uint32_t i = 0; other && i < other->subnets.n; i++)
			if (in_prefix(weft_name_at(&other->subnets, i), p->v6, remote))
				return true;
		return false;
	}
	return true;
}

struct best {
	const struct weft_rule *rule;
	int tier;
};

// Whether A is judged before B.
static bool
is_before(const struct weft_rule *a, int tier, const struct best *b)
{
	if (b->rule == NULL || tier != b->tier)
		return b->rule == NULL || tier < b->tier;
	if (a->priority != b->rule->priority)
		return a->priority < b->rule->priority;
	return a->action > b->rule->action;
}

static void
look(const struct weft_model *model, const struct weft_group *group, int tier, bool out, const char *network,
	const struct ref_packet *p, struct best *best)
{
	const struct weft_rule *rules = group ? group->rules.items : NULL;

	for (uint32_t i = 0; group && i < group->rules.n; i++)
		if (rules[i].direction == (out ? WEFT_DIR_OUT : WEFT_DIR_IN) &&
			matches(model, &rules[i], network, p, out ? p->dst : p->src) &&
			is_before(&rules[i], tier, best))
			*best = (struct best){ &rules[i], tier };
}

int
reference_rules(const struct weft_model *model, int slot, bool out, const struct ref_packet *p, bool *stateless)
{
	char path[WEFT_PATH_SIZE], key[WEFT_KEY_SIZE];
	const struct weft_port *port;
	struct best best = { NULL, 0 };
	int action = -1;

	*stateless = false;
	snprintf(path, sizeof(path), "t/p%d", slot);
	port = weft_model_port(model, path);
	if (port == NULL || port->network[0] == 0)
		return -1;
	for (const struct weft_object *object = model->objects; object; object = object->hh.next)
		if (object->kind == &weft_kind_provider_rules)
			look(model, weft_rules_of(object), 0, out, port->network, p, &best);
	look(model, weft_rules_of(weft_model_get(model, "tenants/t/rules")), 1, out, port->network, p, &best);
	for (uint32_t i = 0; i < port->groups.n; i++) {
		const struct weft_group *group;
		int own;

		snprintf(key, sizeof(key), "tenants/t/groups/%s", weft_name_at(&port->groups, i));
		group = weft_rules_of(weft_model_get(model, key));
		look(model, group, 2, out, port->network, p, &best);
		own = out ? group->default_out : group->default_in;
		action = own > action ? own : action;
	}
	if (best.rule) {
		*stateless = best.rule->stateless;
		return best.rule->action;
	}
	return port->groups.n ? action : out ? WEFT_ALLOW : WEFT_DENY;
}

bool
reference_owns(const struct weft_model *model, const struct ref_packet *p)
{
	char path[WEFT_PATH_SIZE];
	const struct weft_port *port;

	snprintf(path, sizeof(path), "t/p%d", p->in);
	port = weft_model_port(model, path);
	if (port == NULL || port->network[0] == 0)
		return true;
	if (port->ips.n4 + port->ips.n6)
		return has_address(port, p->v6, p->src);
	for (const struct weft_object *object = model->objects; object; object = object->hh.next) {
		const struct weft_port *other = (const struct weft_port *)object;

		if (other->o.kind == &weft_kind_port && strcmp(other->network, port->network) == 0 &&
			has_address(other, p->v6, p->src))
			return false;
	}
	return true;
}
