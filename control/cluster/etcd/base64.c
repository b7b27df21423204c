// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
weft_base64_encode(const void *data, size_t size)
{
	const uint8_t *in = data;
	char *text = malloc((size + 2) / 3 * 4 + 1), *out = text;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < size; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16;

		if (i + 1 < size)
			v |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < size)
			v |= in[i + 2];
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = i + 1 < size ? digits[v >> 6 & 63] : '=';
		*out++ = i + 2 < size ? digits[v & 63] : '=';
	}
	*out = 0;
	return text;
}

char *
weft_base64_decode(const char *text, size_t *size)
{
	size_t len = strlen(text), pad = 0;
	char *data = len % 4 == 0 ? malloc(len / 4 * 3 + 1) : NULL, *out = data;

	if (data == NULL)
		return NULL;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v = 0;

		for (size_t k = 0; k < 4; k++) {
			const char *digit = i + k >= len - pad ? digits : memchr(digits, text[i + k], 64);

			if (digit == NULL) {
				free(data);
				return NULL;
			}
			v = v << 6 | (uint32_t)(digit - digits);
		}
		*out++ = (char)(v >> 16);
		*out++ = (char)(v >> 8);
		*out++ = (char)v;
	}
	*size = len / 4 * 3 - pad;
	data[*size] = 0;
	return data;
}
