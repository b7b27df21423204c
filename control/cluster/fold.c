// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fold.h"

#include <string.h>

#include "control/change/history.h"
#include "control/cluster/etcd/messages.h"
#include "util.h"

#define TXN_BYTES	 (512u << 10) // of values in a transaction; etcd takes 1.5 MiB
#define KEEP_GENERATIONS 1000	      // whose records are kept

// Returns the operations that write the generation down as objects: a new array.
static json_t *
fold_ops(const struct driver *d)
{
	const json_t *before = json_object_get(d->record, "before");
	json_t *txn = weft_etcd_txn(NULL, 0), *value, *ops;
	const char *key;

	json_object_foreach (json_object_get(d->record, "changes"), key, value) {
		const char *from = json_string_value(json_object_get(json_object_get(before, key), "host"));
		const char *to = json_string_value(json_object_get(value, "host"));
		char path[KEY_MAX], tenant[WEFT_NAME_SIZE], name[WEFT_NAME_SIZE];
		const struct weft_kind *kind;
		struct weft_error err;

		if (weft_key_parse(key, &kind, tenant, name, &err))
			continue;
		cluster_key(d->c, path, "objects/%s", key);
		if (json_is_null(value))
			weft_etcd_txn_delete(txn, weft_etcd_delete(path, false));
		else
			weft_etcd_txn_put(txn, weft_etcd_put_json(path, value, 0));
		if (kind != &weft_kind_port)
			continue;
		if (from && (to == NULL || strcmp(from, to))) {
			cluster_key(d->c, path, "at/%s/%s/%s", from, tenant, name);
			weft_etcd_txn_delete(txn, weft_etcd_delete(path, false));
		}
		if (to && (from == NULL || strcmp(from, to))) {
			cluster_key(d->c, path, "at/%s/%s/%s", to, tenant, name);
			weft_etcd_txn_put(txn, weft_etcd_put(path, "", 0));
		}
	}
	ops = json_incref(json_object_get(txn, "success"));
	json_decref(txn);
	return ops;
}

void
fold_begin(struct driver *d)
{
	if (d->ops == NULL)
		d->ops = fold_ops(d);
}

// Returns roughly the bytes that an operation takes in a request.
static size_t
op_size(const json_t *op)
{
	const json_t *put = json_object_get(op, "request_put");

	return 200 + json_string_length(json_object_get(put, "key")) +
	       json_string_length(json_object_get(put, "value"));
}

// Returns how many of the operations that are left fit into one transaction.
static size_t
fitting_ops(const struct driver *d)
{
	size_t n = json_array_size(d->ops), take = 0, bytes = 0;

	while (take < n && take < TXN_OPS) {
		bytes += op_size(json_array_get(d->ops, n - 1 - take));
		if (take && bytes > TXN_BYTES)
			break;
		take++;
	}
	return take;
}

bool
fold_fits(const struct driver *d)
{
	return fitting_ops(d) == json_array_size(d->ops);
}

void
fold_take(struct driver *d, json_t *txn)
{
	json_t *success = json_object_get(txn, "success");

	for (size_t take = fitting_ops(d); take > 0; take--) {
		size_t last = json_array_size(d->ops) - 1;

		json_array_append(success, json_array_get(d->ops, last));
		json_array_remove(d->ops, last);
	}
}

// Returns the record's summary with the hosts; long lists are cut. A new object.
static json_t *
summary(const struct driver *d)
{
	static const char *const lists[] = { "added", "changed", "removed" };
	json_t *summary = weft_record_summary(d->record);

	for (unsigned int i = 0; i < 3; i++) {
		json_t *list = json_object_get(summary, lists[i]);
		size_t n = json_array_size(list);

		while (json_array_size(list) > 100)
			json_array_remove(list, json_array_size(list) - 1);
		if (n > 100)
			json_array_append_new(list, json_sprintf("and %zu more", n - 100));
	}
	json_object_set(summary, "hosts", d->hosts);
	return summary;
}

void
fold_log(const struct driver *d, json_t *txn)
{
	json_t *log = summary(d);
	char key[KEY_MAX];

	cluster_key(d->c, key, "log/%020lld", json_integer_value(json_object_get(d->record, "generation")));
	weft_etcd_txn_put(txn, weft_etcd_put_json(key, log, 0));
	json_decref(log);
}

void
fold_forget_old(const struct driver *d, json_t *txn)
{
	json_int_t generation = json_integer_value(json_object_get(d->record, "generation")) - KEEP_GENERATIONS;
	char key[KEY_MAX];

	if (generation <= 0)
		return;
	cluster_key(d->c, key, "gens/%020lld/", generation);
	weft_etcd_txn_delete(txn, weft_etcd_delete(key, true));
	cluster_key(d->c, key, "log/%020lld", generation);
	weft_etcd_txn_delete(txn, weft_etcd_delete(key, false));
}
