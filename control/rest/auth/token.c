// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "token.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <nettle/base16.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>

#include "weft/file.h"

#define PREFIX	     "weft_"
#define RANDOM_BYTES 24
#define MAX_FILE     (16u << 20) // bytes of the access file

static_assert(sizeof(PREFIX) + BASE64_ENCODE_RAW_LENGTH(RANDOM_BYTES) <= TOKEN_SIZE, "a token fits");
static_assert(BASE16_ENCODE_LENGTH(SHA256_DIGEST_SIZE) < HASH_SIZE, "a hash fits");

int
token_make(char token[TOKEN_SIZE])
{
	char *end = stpcpy(token, PREFIX);
	struct base64_encode_ctx base64;
	uint8_t random[RANDOM_BYTES];
	int ret = gnutls_rnd(GNUTLS_RND_KEY, random, sizeof(random));

	if (ret)
		return ret;
	base64url_encode_init(&base64);
	end += base64_encode_update(&base64, end, sizeof(random), random);
	end += base64_encode_final(&base64, end);
	*end = 0;
	return 0;
}

void
token_hash(const char *token, char hex[HASH_SIZE])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha256;

	sha256_init(&sha256);
	sha256_update(&sha256, strlen(token), (const uint8_t *)token);
	sha256_digest(&sha256, sizeof(digest), digest);
	base16_encode_update(hex, sizeof(digest), digest);
	hex[BASE16_ENCODE_LENGTH(sizeof(digest))] = 0;
}

json_t *
token_file_load(const char *file, char *why, size_t size)
{
	const char *unreadable;
	json_error_t error;
	size_t len;
	char *text = weft_file_read(file, MAX_FILE, &len, &unreadable);
	json_t *json = text ? json_loadb(text, len, JSON_REJECT_DUPLICATES, &error) : NULL;

	if (text == NULL)
		snprintf(why, size, "%s", unreadable);
	else if (json == NULL)
		snprintf(why, size, "line %d: %s", error.line, error.text);
	free(text);
	return json;
}
