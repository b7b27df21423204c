// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The objects in the store are those of the generation in force, except while a large generation is being written down:
// until then the changes in its record are applied on top of them.
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/cluster/etcd/messages.h"
#include "util.h"

// What keys of objects consist of.
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-"

#define PAGE 1000 // objects in one reply

struct loading {
	struct weft_cluster *c;
	bool all;
	json_t *tenants; // names that still have to be read; "": the objects outside of tenants, or with ALL everything
	json_t *objects;
	json_t *pub; // kv
	int64_t revision;
	uint64_t generation, in_force; // in the publication
	bool active;		       // its state
	char from[KEY_MAX];	       // the last key that was read of this range; empty: the range is finished
	char prefix[KEY_MAX];
	load_cb cb;
	void *arg;
};

static void read_next(struct loading *l);

static void
end(struct loading *l, bool good)
{
	if (!good) {
		json_decref(l->objects);
		l->objects = NULL;
	}
	l->cb(l->c, l->arg, l->objects, l->pub, l->revision);
	json_decref(l->tenants);
	json_decref(l->pub);
	free(l);
}

static bool
failed(struct loading *l, const json_t *reply, const struct weft_error *err)
{
	if (reply)
		return false;
	l->c->trouble = *err;
	end(l, false);
	return true;
}

static void
on_overlay(struct weft_cluster *c, void *arg, json_t *record)
{
	struct loading *l = arg;
	const char *key;
	json_t *value;

	(void)c;
	json_object_foreach (json_object_get(record, "changes"), key, value) {
		if (json_is_null(value))
			json_object_del(l->objects, key);
		else
			json_object_set(l->objects, key, value);
	}
	end(l, record != NULL);
	json_decref(record);
}

// The record KEY, one of the objects, is wrong. A policy without it is another one, and is not brought into force.
static void
refuse_object(struct loading *l, const char *key, const char *what)
{
	char command[KEY_MAX + 8];

	// An operator pastes the command, and a key may contain anything.
	if (key[strspn(key, PLAIN)] == 0)
		snprintf(command, sizeof(command), "del %s", key);
	else
		snprintf(command, sizeof(command), "get --prefix --keys-only weft/, and delete that key");
	cluster_bad(l->c, key, what, command);
	end(l, false);
}

// All objects are read. Applies the changes of a generation that is in force but not written down yet.
static void
overlay(struct loading *l)
{
	if (l->active)
		load_record(l->c, l->generation, on_overlay, l);
	else
		end(l, true);
}

static void
on_page(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct loading *l = arg;
	const json_t *kvs = weft_etcd_kvs(reply);
	char objects[KEY_MAX];
	size_t i;
	json_t *kv;

	(void)code;
	if (failed(l, reply, err))
		return;
	cluster_key(l->c, objects, "objects/");
	json_array_foreach ((json_t *)(uintptr_t)kvs, i, kv) {
		char *key = weft_etcd_text(kv, "key");
		json_t *object = weft_etcd_json(kv);
		bool known = key && strlen(key) < KEY_MAX && strncmp(key, objects, strlen(objects)) == 0;

		// The next page starts after the last key.
		if (known)
			snprintf(l->from, sizeof(l->from), "%s", key);
		if (!known || !json_is_object(object) || json_object_set(l->objects, key + strlen(objects), object)) {
			refuse_object(l, key && key[0] ? key : objects,
				known ? "it is not a JSON object" : "no object has such a key");
			json_decref(object);
			free(key);
			return;
		}
		json_decref(object);
		free(key);
	}
	if (!json_is_true(json_object_get(reply, "more")))
		l->from[0] = 0;
	read_next(l);
}

// Reads the next page of the range, or the first one of the next range.
static void
read_next(struct loading *l)
{
	char start[KEY_MAX + 1];
	json_t *range, *end_key;

	if (l->from[0] == 0) {
		void *first = json_object_iter(l->tenants);

		if (first == NULL) {
			overlay(l);
			return;
		}
		if (json_object_iter_key(first)[0])
			cluster_key(l->c, l->prefix, "objects/tenants/%s/", json_object_iter_key(first));
		else
			cluster_key(l->c, l->prefix, l->all ? "objects/" : "objects/hosts/");
		json_object_del(l->tenants, json_object_iter_key(first));
		range = weft_etcd_range(l->prefix, true, false, l->revision);
	} else {
		// The key with a byte 1 appended comes before all later keys: no key contains such a byte.
		snprintf(start, sizeof(start), "%s\001", l->from);
		range = weft_etcd_range(start, false, false, l->revision);
		end_key = weft_etcd_range(l->prefix, true, false, 0);
		json_object_set(range, "range_end", json_object_get(end_key, "range_end"));
		json_decref(end_key);
	}
	json_object_set_new(range, "limit", json_sprintf("%d", PAGE));
	weft_etcd_call(l->c->etcd, "kv/range", range, on_page, l);
}

// A generation has come into force in one transaction with its entry in the log. A publication without one is not of a
// host.
static void
on_log(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct loading *l = arg;
	json_t *log = weft_etcd_json(json_array_get(weft_etcd_kvs(reply), 0));
	char what[120];
	bool good = (uint64_t)json_integer_value(json_object_get(log, "generation")) == l->in_force;

	(void)code;
	json_decref(log);
	if (failed(l, reply, err))
		return;
	if (good) {
		read_next(l);
		return;
	}
	snprintf(what, sizeof(what), "generation %llu is not in the log, so it was never in force",
		(unsigned long long)l->in_force);
	cluster_bad_publication(l->c, what);
	end(l, false);
}

// Takes the publication and looks its generation up. Returns whether the objects are to be read at once.
static bool
take_publication(struct loading *l)
{
	struct publication pub = { 0 };
	struct weft_error why;
	char key[KEY_MAX];

	if (publication_take(&pub, l->pub, &why)) {
		cluster_bad_publication(l->c, why.text);
		end(l, false);
		return false;
	}
	l->active = pub.state == PUB_ACTIVE;
	l->generation = pub.generation;
	l->in_force = publication_in_force(&pub);
	json_decref(pub.json);
	if (l->in_force == 0)
		return true;
	cluster_key(l->c, key, "log/%020llu", (unsigned long long)l->in_force);
	weft_etcd_call(l->c->etcd, "kv/range", weft_etcd_range(key, false, false, l->revision), on_log, l);
	return false;
}

static void
on_start(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct loading *l = arg;
	const json_t *kvs;
	char at[KEY_MAX];
	size_t i;
	json_t *kv;

	(void)code;
	if (failed(l, reply, err))
		return;
	l->revision = weft_etcd_revision(reply);
	l->pub = json_incref(json_array_get(weft_etcd_txn_kvs(reply, 0), 0));
	cluster_key(l->c, at, "at/%s/", l->c->name);
	kvs = weft_etcd_txn_kvs(reply, 1);
	json_array_foreach ((json_t *)(uintptr_t)kvs, i, kv) {
		char *key = weft_etcd_text(kv, "key"), *slash;

		if (key && strncmp(key, at, strlen(at)) == 0 && (slash = strchr(key + strlen(at), '/')) != NULL) {
			*slash = 0;
			json_object_set_new(l->tenants, key + strlen(at), json_true());
		}
		free(key);
	}
	if (l->all)
		json_object_clear(l->tenants);
	json_object_set_new(l->tenants, "", json_true());
	if (take_publication(l))
		read_next(l);
}

void
load_policy(struct weft_cluster *c, bool all, const json_t *tenants, load_cb cb, void *arg)
{
	struct loading *l = calloc(1, sizeof(*l));
	json_t *txn = weft_etcd_txn(NULL, 0);
	char key[KEY_MAX];

	if (l == NULL) {
		json_decref(txn);
		cb(c, arg, NULL, NULL, 0);
		return;
	}
	*l = (struct loading){ .c = c, .all = all, .cb = cb, .arg = arg };
	l->objects = json_object();
	l->tenants = tenants ? json_copy((json_t *)(uintptr_t)tenants) : json_object();
	cluster_key(c, key, "publish");
	weft_etcd_txn_range(txn, weft_etcd_range(key, false, false, 0));
	cluster_key(c, key, "at/%s/", c->name);
	weft_etcd_txn_range(txn, weft_etcd_range(key, true, true, 0));
	weft_etcd_call(c->etcd, "kv/txn", txn, on_start, l);
}

struct record_loading {
	struct weft_cluster *c;
	uint64_t generation;
	record_cb cb;
	void *arg;
};

static bool
is_record(const json_t *record, uint64_t generation)
{
	return (uint64_t)json_integer_value(json_object_get(record, "generation")) == generation &&
	       json_is_object(json_object_get(record, "changes"));
}

static void
on_parts(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct record_loading *r = arg;
	const json_t *kvs = weft_etcd_kvs(reply);
	char *text = calloc(1, 1), *more;
	json_t *record = NULL, *kv;
	size_t i, len = 0;

	(void)code;
	if (reply == NULL)
		r->c->trouble = *err;
	// The parts are in order, because their numbers have leading zeros.
	json_array_foreach ((json_t *)(uintptr_t)kvs, i, kv) {
		char *part = weft_etcd_text(kv, "value");
		size_t n = part ? strlen(part) : 0;

		more = text ? realloc(text, len + n + 1) : NULL;
		if (more) {
			text = more;
			memcpy(text + len, part ? part : "", n + 1);
			len += n;
		}
		free(part);
	}
	if (text && len)
		record = json_loadb(text, len, 0, NULL);
	free(text);
	r->c->bad_record = reply && !is_record(record, r->generation);
	if (r->c->bad_record) {
		json_decref(record);
		record = NULL;
	}
	r->cb(r->c, r->arg, record);
	free(r);
}

void
load_record(struct weft_cluster *c, uint64_t generation, record_cb cb, void *arg)
{
	struct record_loading *r = calloc(1, sizeof(*r));
	char key[KEY_MAX];

	if (r == NULL) {
		cb(c, arg, NULL);
		return;
	}
	*r = (struct record_loading){ .c = c, .generation = generation, .cb = cb, .arg = arg };
	cluster_key(c, key, "gens/%020llu/", (unsigned long long)generation);
	weft_etcd_call(c->etcd, "kv/range", weft_etcd_range(key, true, false, 0), on_parts, r);
}
