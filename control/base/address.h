// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// MAC and IP addresses, from text to numbers and back. Any thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "weft/snapshot.h"

#define WEFT_MAC_TEXT 18

// Parses "52:54:00:00:00:01" into a number, the first byte highest. Returns 0 or -EINVAL.
int weft_mac_parse(const char *text, uint64_t *mac);
void weft_mac_format(uint64_t mac, char text[WEFT_MAC_TEXT]);

// Parse "10.0.0.1" or "10.0.0.0/24"; bits outside the mask must be 0. Return 0 or -EINVAL.
int weft_prefix4_parse(const char *text, struct weft_prefix4 *prefix);
int weft_prefix6_parse(const char *text, struct weft_prefix6 *prefix);

// Parses an address of either version. LENGTH is that of its prefix behind a slash, or 0. Returns 0 or -EINVAL.
int weft_ip_parse(const char *text, struct weft_ip *ip, uint8_t *length);

#define WEFT_IP_TEXT 46
const char *weft_ip_format(const struct weft_ip *ip, char text[WEFT_IP_TEXT]);

// Whether A and B are of one version and have the same first LENGTH bits.
bool weft_ip_in_prefix(const struct weft_ip *a, const struct weft_ip *b, uint8_t length);

// Write a prefix as text; one of full length is written as an address.
void weft_prefix4_format(const struct weft_prefix4 *prefix, char *text, size_t size);
void weft_prefix6_format(const struct weft_prefix6 *prefix, char *text, size_t size);
