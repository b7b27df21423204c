// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The requests and replies of etcd's JSON gateway. Callers give and get keys and values as they are; on the wire they
// are base64.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

// Returns the revision that REPLY was made at.
int64_t weft_etcd_revision(const json_t *reply);

// Returns an integer, which etcd sends as a string; 0 where FIELD is missing.
int64_t weft_etcd_int(const json_t *object, const char *field);

// Returns FIELD of a key-value pair, "key" or "value", decoded: new memory with a zero at its end; NULL: it is not there, or
// contains a zero.
char *weft_etcd_text(const json_t *kv, const char *field);

// Returns the value of a key-value pair as JSON: a new object, or NULL.
json_t *weft_etcd_json(const json_t *kv);

// Parts of requests. All of them are new objects. PREFIX: all keys that start with KEY. REVISION 0: the current one.
// LEASE 0: the key stays when no lease is left.
json_t *weft_etcd_range(const char *key, bool prefix, bool keys_only, int64_t revision);
json_t *weft_etcd_put(const char *key, const char *value, int64_t lease);
json_t *weft_etcd_put_json(const char *key, const json_t *value, int64_t lease);
json_t *weft_etcd_delete(const char *key, bool prefix);

// Begins a transaction: a new object, with the one condition that weft needs: KEY was last changed at REVISION (0: KEY
// does not exist). KEY NULL: no condition.
json_t *weft_etcd_txn(const char *key, int64_t revision);

// Add an operation to TXN. They take RANGE and PUT over.
void weft_etcd_txn_range(json_t *txn, json_t *range);
void weft_etcd_txn_put(json_t *txn, json_t *put);
void weft_etcd_txn_delete(json_t *txn, json_t *range);

// Whether the condition of the transaction held, and its operations were carried out.
bool weft_etcd_succeeded(const json_t *reply);

// Returns the key-value pairs in the reply to a range, or to operation N of a transaction; NULL where there are none.
const json_t *weft_etcd_kvs(const json_t *reply);
const json_t *weft_etcd_txn_kvs(const json_t *reply, unsigned int n);
