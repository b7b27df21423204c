// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "parse.h"

#include <stdio.h>
#include <string.h>

#include "control/base/address.h"

int
weft_parse_mac(const json_t *value, void *to, char expected[160])
{
	uint64_t mac;

	snprintf(expected, 160, "a unicast MAC such as \"52:54:00:00:00:01\"");
	if (!json_is_string(value) || weft_mac_parse(json_string_value(value), &mac) || mac == 0 || mac >> 40 & 1)
		return -1;
	*(uint64_t *)to = mac;
	return 0;
}

int
weft_parse_ips(const json_t *value, void *to, char expected[160])
{
	struct weft_ips *ips = to;
	size_t i;
	json_t *item;

	snprintf(expected, 160,
		"a list of at most %d addresses or prefixes of each family, such as "
		"[\"10.0.0.1\", \"fd00::/64\"], prefixes without host bits",
		WEFT_MAX_IPS);
	if (!json_is_array(value))
		return -1;
	json_array_foreach ((json_t *)(uintptr_t)value, i, item) {
		const char *text = json_string_value(item);

		if (text && ips->n4 < WEFT_MAX_IPS && weft_prefix4_parse(text, &ips->v4[ips->n4]) == 0)
			ips->n4++;
		else if (text && ips->n6 < WEFT_MAX_IPS && weft_prefix6_parse(text, &ips->v6[ips->n6]) == 0)
			ips->n6++;
		else
			return -1;
	}
	return 0;
}

int
weft_parse_set(const json_t *value, const char *const *names, void *to)
{
	uint8_t set = 0;
	size_t i;
	json_t *item;

	if (!json_is_array(value))
		return -1;
	json_array_foreach ((json_t *)(uintptr_t)value, i, item) {
		const char *name = json_string_value(item);
		unsigned int bit = 0;

		while (name && names[bit] && strcmp(name, names[bit]))
			bit++;
		if (name == NULL || names[bit] == NULL)
			return -1;
		set |= (uint8_t)(1u << bit);
	}
	*(uint8_t *)to = set;
	return 0;
}

bool
weft_is_prefix(const char *text)
{
	struct weft_prefix4 v4;
	struct weft_prefix6 v6;

	return weft_prefix4_parse(text, &v4) == 0 || weft_prefix6_parse(text, &v6) == 0;
}
