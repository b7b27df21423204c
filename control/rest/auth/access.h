// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The access file: which tokens and clients' certificates may do what.
//	{"tokens": {NAME: {"sha256": HEX, "role": ROLE, "tenants": [TENANT...], "expires": SECONDS}},
//	 "certificates": {COMMON NAME: {"role": ROLE, "tenants": [...]}}}
// ROLE is "read", "operate" or "admin". Without tenants an entry is for all tenants, without expires it does not expire.
#pragma once

#include <jansson.h>

// Reads FILE, which need not exist. Returns 0, or -1 after it has printed the reason.
int weft_access_load(const char *file);
// Reads the file again where it has changed. Where it is wrong, logs that and keeps the old entries; where it was deleted,
// nobody has access any more. To be called about once a second.
void weft_access_refresh(void);
void weft_access_free(void);

// The owner of TOKEN: {name, role, tenants}, a new reference. NULL with WHY, which does not tell whether the token exists.
json_t *weft_access_by_token(const char *token, const char **why);
// The same for the owner of a certificate that was verified.
json_t *weft_access_by_certificate(const char *common_name, const char **why);
