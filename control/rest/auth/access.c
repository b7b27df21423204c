// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "access.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "weft/clock.h"

#include "token.h"

static struct {
	char file[512];
	struct stat seen;
	json_t *tokens;	      // {sha256: {as, expires}}
	json_t *certificates; // {common name: {as}}
} access_list;

// Returns the access that ENTRY, of the name NAME, gives: {as: {name, role, tenants}, expires}, a new object. NULL: the
// entry is wrong, and WHY says how. For a token, *HASH is its hash, which ENTRY owns.
static json_t *
entry_new(const char *name, json_t *entry, bool token, const char **hash, const char **why)
{
	static char text[JSON_ERROR_TEXT_LENGTH];
	json_t *tenants = NULL, *one;
	json_int_t expires = 0;
	const char *role;
	json_error_t error;
	size_t i;

	*why = text;
	if (json_unpack_ex(entry, &error, JSON_STRICT, token ? "{s:s, s?o, s?I, s:s}" : "{s:s, s?o, s?I}", "role",
		    &role, "tenants", &tenants, "expires", &expires, "sha256", hash)) {
		snprintf(text, sizeof(text), "%s", error.text);
		return NULL;
	}
	*why = "role: must be read, operate or admin";
	if (strcmp(role, "read") && strcmp(role, "operate") && strcmp(role, "admin"))
		return NULL;
	*why = "sha256: must be 64 hexadecimal digits in lower case";
	if (token && (strlen(*hash) != 64 || strspn(*hash, "0123456789abcdef") != 64))
		return NULL;
	*why = "tenants: must be a list of names";
	if (tenants && !json_is_array(tenants))
		return NULL;
	json_array_foreach (tenants, i, one)
		if (!json_is_string(one))
			return NULL;
	return json_pack(
		"{s:{s:s, s:s, s:O*}, s:I}", "as", "name", name, "role", role, "tenants", tenants, "expires", expires);
}

// Fills TO with SECTION of the file: tokens by their hash, certificates by their common name. False: entry NAME is wrong,
// and WHY.
static bool
take_section(json_t *section, bool token, json_t *to, const char **name, const char **why)
{
	json_t *entry;

	*why = "must be an object of names";
	if (section && !json_is_object(section))
		return false;
	json_object_foreach (section, *name, entry) {
		const char *hash = NULL;
		json_t *made = entry_new(*name, entry, token, &hash, why);

		if (made == NULL || json_object_set_new(to, token ? hash : *name, made))
			return false;
	}
	return true;
}

static int
load(void)
{
	json_t *tokens = json_object(), *certificates = json_object(), *in_tokens = NULL, *in_certificates = NULL;
	json_error_t error = { .text = "" };
	json_t *json = token_file_load(access_list.file, error.text, sizeof(error.text));
	const char *name = "", *why = error.text;
	bool ok = json && json_unpack_ex(json, &error, JSON_STRICT, "{s?o, s?o}", "tokens", &in_tokens, "certificates",
				  &in_certificates) == 0;

	if (ok && take_section(in_tokens, true, tokens, &name, &why) &&
		take_section(in_certificates, false, certificates, &name, &why)) {
		weft_access_free();
		access_list.tokens = tokens;
		access_list.certificates = certificates;
		json_decref(json);
		return 0;
	}
	fprintf(stderr, "event=access-refused file=%s entry=\"%s\" error=\"%s\"\n", access_list.file, name, why);
	json_decref(tokens);
	json_decref(certificates);
	json_decref(json);
	return -1;
}

int
weft_access_load(const char *file)
{
	snprintf(access_list.file, sizeof(access_list.file), "%s", file);
	if (stat(file, &access_list.seen))
		return 0;
	return load();
}

void
weft_access_refresh(void)
{
	struct stat now;

	if (access_list.file[0] == 0)
		return;
	if (stat(access_list.file, &now))
		memset(&now, 0, sizeof(now));
	if (now.st_mtim.tv_sec == access_list.seen.st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == access_list.seen.st_mtim.tv_nsec && now.st_ino == access_list.seen.st_ino)
		return;
	access_list.seen = now;
	if (now.st_ino == 0)
		weft_access_free();
	else if (load() == 0)
		fprintf(stderr, "event=access-read file=%s tokens=%zu certificates=%zu\n", access_list.file,
			json_object_size(access_list.tokens), json_object_size(access_list.certificates));
}

void
weft_access_free(void)
{
	json_decref(access_list.tokens);
	json_decref(access_list.certificates);
	access_list.tokens = access_list.certificates = NULL;
}

static json_t *
find(const json_t *list, const char *key, const char **why)
{
	json_t *entry = json_object_get(list, key);
	json_int_t expires = json_integer_value(json_object_get(entry, "expires"));

	*why = "is not known";
	if (entry == NULL)
		return NULL;
	*why = "has expired";
	return expires && expires <= weft_clock_wall_s() ? NULL : json_incref(json_object_get(entry, "as"));
}

// The time that the search takes may tell something about the hash, but nothing about the token, which is 192 random bits.
json_t *
weft_access_by_token(const char *token, const char **why)
{
	char hex[HASH_SIZE];

	token_hash(token, hex);
	return find(access_list.tokens, hex, why);
}

json_t *
weft_access_by_certificate(const char *common_name, const char **why)
{
	return find(access_list.certificates, common_name, why);
}
