// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "domain_ids.h"

#include <stdlib.h>
#include <string.h>

// Makes a key. Returns its size, which ends with the network's name.
static size_t
make_key(struct weft_domain_key *key, const char *network, uint16_t vid)
{
	size_t len = strnlen(network, sizeof(key->network) - 1);

	key->vid = vid;
	memcpy(key->network, network, len);
	key->network[len] = 0;
	return offsetof(struct weft_domain_key, network) + len;
}

uint16_t
weft_domain_id_find(const struct weft_placement *placement, const char *network, uint16_t vid)
{
	const struct weft_domain_id *domain;
	struct weft_domain_key key;
	size_t size = make_key(&key, network, vid);

	HASH_FIND(hh, placement->domains, &key, size, domain);
	return domain ? domain->id : 0;
}

static uint16_t
add(struct weft_placement *placement, const char *network, uint16_t vid, uint16_t id)
{
	struct weft_domain_id *domain = calloc(1, sizeof(*domain));
	size_t size;

	if (domain == NULL)
		return 0;
	domain->id = id;
	size = make_key(&domain->key, network, vid);
	HASH_ADD(hh, placement->domains, key, size, domain);
	if (domain->hh.tbl == NULL) {
		free(domain);
		return 0;
	}
	placement->domain[id] = domain;
	return id;
}

uint16_t
weft_domain_id(struct weft_placement *placement, const char *network, uint16_t vid)
{
	uint16_t id = weft_domain_id_find(placement, network, vid);

	if (id)
		return id;
	for (unsigned int tries = 0; tries < WEFT_MAX_DOMAINS; tries++) {
		id = ++placement->next_domain;
		if (id && placement->domain[id] == NULL)
			return add(placement, network, vid, id);
	}
	return 0;
}

void
weft_domain_id_free(struct weft_placement *placement, uint16_t id)
{
	struct weft_domain_id *domain = placement->domain[id];

	if (domain == NULL)
		return;
	HASH_DEL(placement->domains, domain);
	placement->domain[id] = NULL;
	placement->next_domain = RTE_MIN(placement->next_domain, (uint16_t)(id - 1));
	free(domain);
}
