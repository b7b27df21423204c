// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Who may do what: tokens, of which only hashes are kept, and clients' certificates. The file is
//	{"tokens": {NAME: {"sha256": HEX, "role": ROLE, "tenants": [TENANT...], "expires": SECONDS}},
//	 "certificates": {COMMON NAME: {"role": ROLE, "tenants": [...]}}}
// with role "read", "operate" or "admin"; without tenants it is for all of them, without expires for good. The file is
// read again when it changes; one that is wrong is said, and what held goes on.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define TOKEN_SIZE 64 // of a token's text, with its zero

// Reads FILE, which need not exist. Returns 0, or -1 after it has said why.
int access_load(const char *file);
// Reads it again where it has changed.
void access_refresh(void);
void access_free(void);

// Whose TOKEN this is: {name, role, tenants}, a new reference; NULL with WHY, which does not say whether it exists.
json_t *access_by_token(const char *token, const char **why);
// The same for the owner of a certificate that was verified.
json_t *access_by_certificate(const char *common_name, const char **why);

// The subcommand "token": add, list and delete. Returns the exit code.
int token_command(const char *file, int argc, char **argv);

// The SHA-256 of TEXT, in hexadecimal.
void token_hash(const char *text, char hex[65]);
