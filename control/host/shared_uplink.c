// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "shared_uplink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/engine.h"

#include "control/base/address.h"
#include "uplinks.h"

static const struct weft_host *
this_host(const struct weft_local *local)
{
	char key[WEFT_KEY_SIZE];

	snprintf(key, sizeof(key), "hosts/%.63s", local->host);
	return (const struct weft_host *)weft_model_get(local->model, key);
}

// Adds the prefix TEXT as the XDP program knows it: an IPv4 address is mapped into IPv6, so its prefix has 96 bits more.
static void
add_denied(struct weft_uplink_filter *wire, const char *text)
{
	struct weft_uplink_prefix *prefix = &wire->denied[wire->n_denied];
	struct weft_prefix4 v4;
	struct weft_prefix6 v6;

	if (weft_prefix4_parse(text, &v4) == 0) {
		prefix->address = weft_ip4(v4.addr);
		prefix->bits = 96 + (uint32_t)__builtin_popcount(v4.mask);
		wire->n_denied++;
	} else if (weft_prefix6_parse(text, &v6) == 0) {
		prefix->address = weft_ip6(v6.addr);
		for (unsigned int i = 0; i < sizeof(v6.mask); i++)
			prefix->bits += (uint32_t)__builtin_popcount(v6.mask[i]);
		wire->n_denied++;
	}
}

static void
add_vlans(struct weft_uplink_filter *wire, const struct weft_model *model)
{
	for (const struct weft_object *object = model->objects; object; object = object->hh.next) {
		const struct weft_network *network = (const struct weft_network *)object;

		if (object->kind == &weft_kind_network && network->encap == WEFT_ENCAP_VLAN)
			wire->vlans[network->vlan / 64] |= UINT64_C(1) << (network->vlan % 64);
	}
}

static bool
is_shared(const struct weft_local *local, const char *key, uint16_t *slot)
{
	const struct weft_port *port = weft_uplink_at(local, key, slot);

	return port && port->attach.share && *slot != WEFT_PORT_NONE;
}

void
weft_shared_uplink_sync(struct weft_local *local)
{
	struct weft_uplink_filter wire = { .denied = NULL };
	const struct weft_host *host = NULL;
	uint16_t slot;

	for (const struct weft_device *device = local->devices; device; device = device->hh.next) {
		int ret;

		if (!is_shared(local, device->key, &slot))
			continue;
		if (wire.denied == NULL) {
			host = this_host(local);
			wire.denied = calloc((host ? host->deny.n : 0) + 1, sizeof(wire.denied[0]));
			if (wire.denied == NULL)
				return;
			if (host)
				wire.address = host->tunnel.address;
			for (uint32_t i = 0; host && i < host->deny.n; i++)
				add_denied(&wire, weft_name_at(&host->deny, i));
			add_vlans(&wire, local->model);
		}
		ret = weft_engine_port_set_filter(slot, &wire);
		if (ret)
			WEFT_LOG(ERR, "event=wire port=%s error=\"%s\"", local->placement->place[slot].path,
				strerror(-ret));
	}
	free(wire.denied);
}
