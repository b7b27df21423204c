// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// In the gateway's JSON keys and values are base64, integers are strings, and fields that are zero are missing.
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/base64.h>

int64_t
weft_etcd_int(const json_t *object, const char *field)
{
	const json_t *value = json_object_get(object, field);

	if (json_is_integer(value))
		return json_integer_value(value);
	return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10) : 0;
}

int64_t
weft_etcd_revision(const json_t *reply)
{
	return weft_etcd_int(json_object_get(reply, "header"), "revision");
}

// Decodes base64 (RFC 4648, section 4). Returns new memory with a zero behind the bytes, or NULL where TEXT is no base64.
static char *
decoded(const char *text, size_t *size)
{
	size_t len = strlen(text);
	char *data = malloc(BASE64_DECODE_LENGTH(len) + 1);
	struct base64_decode_ctx ctx;

	base64_decode_init(&ctx);
	if (data && base64_decode_update(&ctx, size, (uint8_t *)data, len, text) && base64_decode_final(&ctx)) {
		data[*size] = 0;
		return data;
	}
	free(data);
	return NULL;
}

char *
weft_etcd_text(const json_t *kv, const char *field)
{
	const char *text = json_string_value(json_object_get(kv, field));
	size_t size;
	char *data = decoded(text ? text : "", &size);

	if (data == NULL || strlen(data) == size)
		return data;
	free(data);
	return NULL;
}

json_t *
weft_etcd_json(const json_t *kv)
{
	const char *text = json_string_value(json_object_get(kv, "value"));
	size_t size = 0;
	char *value = text ? decoded(text, &size) : NULL;
	json_t *json = value ? json_loadb(value, size, 0, NULL) : NULL;

	free(value);
	return json;
}

static json_t *
encoded(const void *data, size_t size)
{
	size_t len = BASE64_ENCODE_RAW_LENGTH(size);
	char *text = malloc(len + 1);
	json_t *json;

	if (text)
		base64_encode_raw(text, size, data);
	json = json_stringn(text ? text : "", text ? len : 0);

	free(text);
	return json;
}

static json_t *
number(int64_t value)
{
	return json_sprintf("%lld", (long long)value);
}

// Returns {key}, and with PREFIX also range_end, which is the prefix with its last byte increased by one.
static json_t *
keys(const char *key, bool prefix)
{
	size_t len = strlen(key);
	json_t *range = json_pack("{s:o}", "key", encoded(key, len));
	char end[512];

	if (prefix && len && len < sizeof(end)) {
		memcpy(end, key, len);
		end[len - 1]++;
		json_object_set_new(range, "range_end", encoded(end, len));
	}
	return range;
}

json_t *
weft_etcd_range(const char *key, bool prefix, bool keys_only, int64_t revision)
{
	json_t *range = keys(key, prefix);

	if (keys_only)
		json_object_set_new(range, "keys_only", json_true());
	if (revision)
		json_object_set_new(range, "revision", number(revision));
	return range;
}

json_t *
weft_etcd_put(const char *key, const char *value, int64_t lease)
{
	json_t *put = json_pack("{s:o, s:o}", "key", encoded(key, strlen(key)), "value", encoded(value, strlen(value)));

	if (lease)
		json_object_set_new(put, "lease", number(lease));
	return put;
}

json_t *
weft_etcd_put_json(const char *key, const json_t *value, int64_t lease)
{
	char *text = json_dumps(value, JSON_COMPACT);
	json_t *put = weft_etcd_put(key, text ? text : "", lease);

	free(text);
	return put;
}

json_t *
weft_etcd_delete(const char *key, bool prefix)
{
	return keys(key, prefix);
}

json_t *
weft_etcd_txn(const char *key, int64_t revision)
{
	json_t *txn = json_pack("{s:[]}", "success"), *compare;

	if (key == NULL)
		return txn;
	// A key that does not exist has revision 0.
	compare = json_pack("{s:o, s:s, s:s, s:o}", "key", encoded(key, strlen(key)), "target", "MOD", "result",
		"EQUAL", "mod_revision", number(revision));
	json_object_set_new(txn, "compare", json_pack("[o]", compare));
	return txn;
}

static void
add(json_t *txn, const char *name, json_t *request)
{
	json_array_append_new(json_object_get(txn, "success"), json_pack("{s:o}", name, request));
}

void
weft_etcd_txn_range(json_t *txn, json_t *range)
{
	add(txn, "request_range", range);
}

void
weft_etcd_txn_put(json_t *txn, json_t *put)
{
	add(txn, "request_put", put);
}

void
weft_etcd_txn_delete(json_t *txn, json_t *range)
{
	add(txn, "request_delete_range", range);
}

bool
weft_etcd_succeeded(const json_t *reply)
{
	return json_is_true(json_object_get(reply, "succeeded"));
}

const json_t *
weft_etcd_kvs(const json_t *reply)
{
	return json_object_get(reply, "kvs");
}

const json_t *
weft_etcd_txn_kvs(const json_t *reply, unsigned int n)
{
	const json_t *one = json_array_get(json_object_get(reply, "responses"), n);

	return weft_etcd_kvs(json_object_get(one, "response_range"));
}
