// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A client of etcd's v3 JSON gateway (3.4, 3.5) over libcurl, on an event loop. Nothing blocks. Keys and values are
// given and got as they are; base64 is this file's matter. One thread.
#pragma once

#include <event2/event.h>
#include <jansson.h>

#include "weft/log.h"

#define WEFT_MAX_ENDPOINTS 8

// How to reach etcd.
struct weft_etcd_config {
	unsigned int n_endpoints;
	char endpoint[WEFT_MAX_ENDPOINTS][128]; // "http://10.0.0.1:2379"
	char prefix[64];			// of all keys
	char user[64], password_file[256];
	char ca[256], cert[256], key[256]; // PEM files
	uint32_t lease_s;		   // a host that is silent for so long is out
	uint32_t prepare_s;		   // so long may hosts take to prepare a generation
};

struct weft_etcd;

// Makes a client. CLUSTER_ID is the one to follow, empty: whatever is found first. Returns NULL with ERR.
struct weft_etcd *weft_etcd_new(
	struct event_base *base, const struct weft_etcd_config *config, const char *cluster_id, struct weft_error *err);
void weft_etcd_free(struct weft_etcd *etcd); // callbacks of what is under way are not called any more

// The cluster that was found, as a decimal number; empty: none yet.
const char *weft_etcd_cluster_id(const struct weft_etcd *etcd);

// A reply: REPLY is the JSON that etcd sent, valid during the call; or NULL, ERR says why, and CODE is -EAGAIN where it
// may have been done all the same (nothing was heard), -ENODATA where the revision is compacted, -EXDEV where it is
// another cluster, else another -errno: it was not done.
typedef void (*weft_etcd_cb)(void *arg, const json_t *reply, int code, const struct weft_error *err);

// Calls PATH, such as "kv/range", with BODY, which it takes over.
void weft_etcd_call(struct weft_etcd *etcd, const char *path, json_t *body, weft_etcd_cb cb, void *arg);

// The revision that a reply was made at.
int64_t weft_etcd_revision(const json_t *reply);

// An integer of etcd's, which are strings; 0 where there is none.
int64_t weft_etcd_int(const json_t *object, const char *field);

// A key or a value of a kv, decoded: new memory, 0 at its end, or NULL.
char *weft_etcd_text(const json_t *kv, const char *field);

// The value of a kv as JSON: a new object, or NULL.
json_t *weft_etcd_json(const json_t *kv);

// Parts of requests; all are new objects. KEY with PREFIX means all keys that start with it; REVISION 0 the current
// one.
json_t *weft_etcd_range(const char *key, bool prefix, bool keys_only, int64_t revision);
json_t *weft_etcd_put(const char *key, const char *value, int64_t lease);
json_t *weft_etcd_put_json(const char *key, const json_t *value, int64_t lease);
json_t *weft_etcd_delete(const char *key, bool prefix);

// A transaction: begin it with the one comparison that weft needs, that KEY was last changed at REVISION (0: is not
// there); KEY NULL: without. Then add operations; a failed one says nothing but which comparison did not hold.
json_t *weft_etcd_txn(const char *key, int64_t revision);
void weft_etcd_txn_range(json_t *txn, json_t *range);
void weft_etcd_txn_put(json_t *txn, json_t *put);
void weft_etcd_txn_delete(json_t *txn, json_t *range);
bool weft_etcd_succeeded(const json_t *reply);

// The kvs of the reply to a range, or of the Nth range in a transaction; NULL where there are none.
const json_t *weft_etcd_kvs(const json_t *reply);
const json_t *weft_etcd_txn_kvs(const json_t *reply, unsigned int n);

// Events of a watch. EVENTS is an array of {"type": "DELETE" or nothing, "kv": ...}; NULL: some may have been missed,
// and the keys are to be read again.
struct weft_watch;
typedef void (*weft_watch_cb)(void *arg, const json_t *events);

#define WEFT_WATCH_KEYS 2

// Watches KEYS, up to WEFT_WATCH_KEYS, NULL where there are fewer (with PREFIX: all that start with them) from REVISION
// on, over one connection, and goes on at another endpoint when one fails.
struct weft_watch *weft_watch_new(struct weft_etcd *etcd, const char *const keys[WEFT_WATCH_KEYS], bool prefix,
	int64_t revision, uint32_t heartbeat_ms, weft_watch_cb cb, void *arg);
void weft_watch_free(struct weft_watch *watch);
