// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Tokens: 192 random bits as text. The access file keeps their hashes only.
#pragma once

#include <jansson.h>

#define TOKEN_SIZE 64 // a token's text with its terminating zero
#define HASH_SIZE  65 // a hash with its terminating zero

// Makes a new token. Returns 0, or the error of gnutls_rnd().
int token_make(char token[TOKEN_SIZE]);

// The SHA-256 of TOKEN, in hexadecimal.
void token_hash(const char *token, char hex[HASH_SIZE]);

// Reads the access file FILE, a regular file. Returns a new reference, or NULL, and then WHY, of SIZE bytes, says what is
// wrong.
json_t *token_file_load(const char *file, char *why, size_t size);
