// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Parsers of values that several kinds of objects have, for struct weft_field.
#pragma once

#include "weft/snapshot.h"

#include "object.h"

#define WEFT_MAX_IPS 32 // of each family

// The addresses and prefixes of a port.
struct weft_ips {
	uint8_t n4, n6;
	struct weft_prefix4 v4[WEFT_MAX_IPS];
	struct weft_prefix6 v6[WEFT_MAX_IPS];
};

// A unicast MAC, into a uint64_t.
int weft_parse_mac(const json_t *value, void *to, char expected[160]);

// A list of addresses and prefixes, into a struct weft_ips.
int weft_parse_ips(const json_t *value, void *to, char expected[160]);

// A list of NAMES, which NULL ends, into a set: bit i of TO, a uint8_t, stands for NAMES[i]. EXPECTED is the caller's.
int weft_parse_set(const json_t *value, const char *const *names, void *to);

#define WEFT_MAC_SCHEMA "{\"type\":\"string\",\"pattern\":\"^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$\"}"
#define WEFT_IPS_SCHEMA "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"

// Whether TEXT is an IPv4 or IPv6 prefix whose host bits are zero.
bool weft_is_prefix(const char *text);
