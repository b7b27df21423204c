// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// All that the ports of a network name is sorted, so that a prefix comes right before what lies in it.
#include "overlaps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/base/address.h"
#include "control/compile/rule_order.h"
#include "control/policy/lookup.h"

struct claim {
	const struct weft_port *port;
	struct weft_ip ip;
	uint8_t length;
};

struct claims {
	struct claim *item;
	size_t n, room;
};

static uint8_t
bits_in(const uint8_t *mask, size_t size)
{
	uint8_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += (uint8_t)__builtin_popcount(mask[i]);
	return n;
}

static bool
add(struct claims *claims, const struct weft_port *port)
{
	size_t need = claims->n + port->ips.n4 + port->ips.n6;
	struct claim *more = need > claims->room ? realloc(claims->item, 2 * need * sizeof(*more)) : claims->item;

	if (more == NULL)
		return need == 0;
	claims->room = need > claims->room ? 2 * need : claims->room;
	claims->item = more;
	for (unsigned int i = 0; i < port->ips.n4; i++)
		more[claims->n++] = (struct claim){ port, weft_ip4(port->ips.v4[i].addr),
			bits_in((const uint8_t *)&port->ips.v4[i].mask, 4) };
	for (unsigned int i = 0; i < port->ips.n6; i++)
		more[claims->n++] =
			(struct claim){ port, weft_ip6(port->ips.v6[i].addr), bits_in(port->ips.v6[i].mask, 16) };
	return true;
}

static int
in_order(const void *x, const void *y)
{
	const struct claim *a = x, *b = y;
	int diff = weft_ip_is_v4(&a->ip) - weft_ip_is_v4(&b->ip);

	diff = diff ? diff : memcmp(&a->ip, &b->ip, sizeof(a->ip));
	diff = diff ? diff : a->length - b->length;
	return diff ? diff : strcmp(a->port->o.path, b->port->o.path);
}

#define CLAIM_TEXT (WEFT_IP_TEXT + 4)

static const char *
in_words(const struct claim *claim, char text[CLAIM_TEXT])
{
	char ip[WEFT_IP_TEXT];

	weft_ip_format(&claim->ip, ip);
	if (claim->length == (weft_ip_is_v4(&claim->ip) ? 32 : 128))
		snprintf(text, CLAIM_TEXT, "%s", ip);
	else
		snprintf(text, CLAIM_TEXT, "%s/%u", ip, claim->length);
	return text;
}

static void
warn(const struct claim *outer, const struct claim *inner, json_t *warnings)
{
	const char *network = inner->port->network, *a = outer->port->o.path, *b = inner->port->o.path;
	char of_a[CLAIM_TEXT], of_b[CLAIM_TEXT];

	if (outer->length == inner->length)
		json_array_append_new(warnings,
			json_sprintf(
				"ports %s and %s both name %s in network %s: each may use it, and rules find it in the "
				"groups of both",
				a, b, in_words(inner, of_b), network));
	else
		json_array_append_new(warnings,
			json_sprintf(
				"port %s names %s in network %s, and port %s names %s in it: rules find that only in the "
				"groups of %s",
				a, in_words(outer, of_a), network, b, in_words(inner, of_b), b));
}

// Compares each claim with the next larger one around it, if one of the two ports is in CHANGES.
static void
compare(struct claims *claims, const json_t *changes, json_t *warnings)
{
	size_t *around = calloc(claims->n + 1, sizeof(*around)), depth = 0,
	       most = json_array_size(warnings) + WEFT_MAX_WARNINGS;

	if (claims->n)
		qsort(claims->item, claims->n, sizeof(claims->item[0]), in_order);
	for (size_t i = 0; around && i < claims->n && json_array_size(warnings) < most; i++) {
		const struct claim *inner = &claims->item[i], *outer = NULL;

		for (; depth; depth--) {
			outer = &claims->item[around[depth - 1]];
			if (weft_ip_in_prefix(&inner->ip, &outer->ip, outer->length))
				break;
			outer = NULL;
		}
		around[depth++] = i;
		if (outer && outer->port != inner->port &&
			(json_object_get(changes, outer->port->o.key) || json_object_get(changes, inner->port->o.key)))
			warn(outer, inner, warnings);
	}
	free(around);
}

static void
look_at_network(const struct weft_model *model, const char *key, const json_t *changes, json_t *warnings)
{
	struct claims claims = { 0 };
	bool all = true;

	for (const struct weft_user *u = weft_model_users(model, key); u && all; u = u->hh.next)
		if (u->object->kind == &weft_kind_port)
			all = add(&claims, (const struct weft_port *)u->object);
	if (all)
		compare(&claims, changes, warnings);
	free(claims.item);
}

void
weft_overlaps_warn(const struct weft_model *model, const json_t *changes, json_t *warnings)
{
	json_t *seen = json_object(), *object;
	char network[WEFT_KEY_SIZE];
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)changes, key, object) {
		const struct weft_object *o =
			json_array_size(json_object_get(object, "ips")) ? weft_model_get(model, key) : NULL;
		const struct weft_port *port = (const struct weft_port *)o;

		if (o == NULL || o->kind != &weft_kind_port || port->network[0] == 0)
			continue;
		snprintf(network, sizeof(network), "tenants/%.*s/networks/%s", (int)strcspn(o->path, "/"), o->path,
			port->network);
		if (json_object_get(seen, network))
			continue;
		json_object_set_new(seen, network, json_true());
		look_at_network(model, network, changes, warnings);
	}
	json_decref(seen);
}
