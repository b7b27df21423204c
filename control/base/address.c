// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// MAC and IP addresses.
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
weft_mac_parse(const char *text, uint64_t *mac)
{
	unsigned int b[6];
	int used = 0;

	if (strlen(text) != WEFT_MAC_TEXT - 1 || strspn(text, "0123456789abcdefABCDEF:") != WEFT_MAC_TEXT - 1 ||
		sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &used) != 6 ||
		used != WEFT_MAC_TEXT - 1)
		return -EINVAL;
	*mac = 0;
	for (unsigned int i = 0; i < 6; i++)
		*mac = *mac << 8 | b[i];
	return 0;
}

void
weft_mac_format(uint64_t mac, char text[WEFT_MAC_TEXT])
{
	snprintf(text, WEFT_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned int)(mac >> 40) & 0xff,
		(unsigned int)(mac >> 32) & 0xff, (unsigned int)(mac >> 24) & 0xff, (unsigned int)(mac >> 16) & 0xff,
		(unsigned int)(mac >> 8) & 0xff, (unsigned int)mac & 0xff);
}

// Splits "address/len"; LEN keeps its value where there is none.
static int
split(const char *text, char address[INET6_ADDRSTRLEN], unsigned int *len)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char *end;
	unsigned long v;

	if (n >= INET6_ADDRSTRLEN)
		return -EINVAL;
	memcpy(address, text, n);
	address[n] = 0;
	if (slash == NULL)
		return 0;
	v = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || v > *len)
		return -EINVAL;
	*len = v;
	return 0;
}

int
weft_prefix4_parse(const char *text, struct weft_prefix4 *prefix)
{
	char address[INET6_ADDRSTRLEN];
	unsigned int len = 32;

	if (split(text, address, &len) || inet_pton(AF_INET, address, &prefix->addr) != 1)
		return -EINVAL;
	prefix->mask = len ? htonl(~UINT32_C(0) << (32 - len)) : 0;
	return prefix->addr & ~prefix->mask ? -EINVAL : 0;
}

int
weft_prefix6_parse(const char *text, struct weft_prefix6 *prefix)
{
	char address[INET6_ADDRSTRLEN];
	unsigned int len = 128;

	if (split(text, address, &len) || inet_pton(AF_INET6, address, prefix->addr) != 1)
		return -EINVAL;
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int bits = len > i * 8 ? RTE_MIN(len - i * 8, 8u) : 0;

		prefix->mask[i] = bits ? (uint8_t)(0xff << (8 - bits)) : 0;
		if (prefix->addr[i] & ~prefix->mask[i])
			return -EINVAL;
	}
	return 0;
}

static void
append_len(char *text, size_t size, unsigned int len, unsigned int full)
{
	if (len < full)
		snprintf(text + strlen(text), size - strlen(text), "/%u", len);
}

void
weft_prefix4_format(const struct weft_prefix4 *prefix, char *text, size_t size)
{
	inet_ntop(AF_INET, &prefix->addr, text, size);
	append_len(text, size, __builtin_popcount(prefix->mask), 32);
}

void
weft_prefix6_format(const struct weft_prefix6 *prefix, char *text, size_t size)
{
	unsigned int len = 0;

	for (unsigned int i = 0; i < 16; i++)
		len += __builtin_popcount(prefix->mask[i]);
	inet_ntop(AF_INET6, prefix->addr, text, size);
	append_len(text, size, len, 128);
}

int
weft_ip_parse(const char *text, struct weft_ip *ip, uint8_t *length)
{
	char address[INET6_ADDRSTRLEN];
	bool v6 = strchr(text, ':') != NULL;
	unsigned int len = v6 ? 128 : 32;
	uint8_t bytes[16];

	if (split(text, address, &len) || inet_pton(v6 ? AF_INET6 : AF_INET, address, bytes) != 1)
		return -EINVAL;
	*length = strchr(text, '/') ? len : 0;
	if (strchr(text, '/') && len == 0)
		return -EINVAL;
	if (v6) {
		*ip = weft_ip6(bytes);
		return weft_ip_is_v4(ip) ? -EINVAL : 0;
	}
	*ip = weft_ip4(*(const rte_be32_t *)(const void *)bytes);
	return 0;
}

const char *
weft_ip_format(const struct weft_ip *ip, char text[WEFT_IP_TEXT])
{
	rte_be32_t v4 = weft_ip_v4(ip);

	return weft_ip_is_v4(ip) ? inet_ntop(AF_INET, &v4, text, WEFT_IP_TEXT)
				 : inet_ntop(AF_INET6, ip->word, text, WEFT_IP_TEXT);
}

bool
weft_ip_in_prefix(const struct weft_ip *a, const struct weft_ip *b, uint8_t length)
{
	const uint8_t *x = (const uint8_t *)a->word, *y = (const uint8_t *)b->word;
	unsigned int bits = weft_ip_is_v4(a) ? 96 + length : length;

	if (weft_ip_is_v4(a) != weft_ip_is_v4(b) || memcmp(x, y, bits / 8))
		return false;
	return bits % 8 == 0 || (x[bits / 8] ^ y[bits / 8]) >> (8 - bits % 8) == 0;
}
