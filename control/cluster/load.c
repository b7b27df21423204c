// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reading the policy as of one moment, and keeping a view of the whole one. The objects are those of the generation in
// force, except while a large one is being written down: then its record stands over them.
#include <stdlib.h>
#include <string.h>

#include "impl.h"

#define PAGE 1000 // objects in one reply

struct loading {
	struct weft_cluster *c;
	bool all;
	json_t *tenants; // yet to be read: names
	json_t *objects;
	json_t *pub; // kv
	int64_t revision;
	char from[KEY_MAX]; // the next key of this range
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

// All is read; a generation that is in force but not yet written down as objects stands over them.
static void
overlay(struct loading *l)
{
	struct publication pub = { 0 };
	bool active;

	publication_take(&pub, l->pub);
	active = pub.state == PUB_ACTIVE;
	json_decref(pub.json);
	if (active)
		load_record(l->c, pub.generation, on_overlay, l);
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

		if (key && object && strncmp(key, objects, strlen(objects)) == 0)
			json_object_set(l->objects, key + strlen(objects), object);
		else
			WEFT_LOG(WARNING, "event=store-garbage key=%s", key ? key : "?");
		// The next page starts behind the last key.
		if (key)
			snprintf(l->from, sizeof(l->from), "%s", key);
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
		// "" stands for the objects outside of tenants, and where all are wanted, for all.
		if (json_object_iter_key(first)[0])
			cluster_key(l->c, l->prefix, "objects/tenants/%s/", json_object_iter_key(first));
		else
			cluster_key(l->c, l->prefix, l->all ? "objects/" : "objects/hosts/");
		json_object_del(l->tenants, json_object_iter_key(first));
		range = weft_etcd_range(l->prefix, true, false, l->revision);
	} else {
		// A key's successor is the key with a byte 1 behind it: no key has such bytes.
		snprintf(start, sizeof(start), "%s\001", l->from);
		range = weft_etcd_range(start, false, false, l->revision);
		end_key = weft_etcd_range(l->prefix, true, false, 0);
		json_object_set(range, "range_end", json_object_get(end_key, "range_end"));
		json_decref(end_key);
	}
	json_object_set_new(range, "limit", json_sprintf("%d", PAGE));
	weft_etcd_call(l->c->etcd, "kv/range", range, on_page, l);
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
	record_cb cb;
	void *arg;
};

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
	// Parts are numbered with leading zeros: they come in order.
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
	*r = (struct record_loading){ .c = c, .cb = cb, .arg = arg };
	cluster_key(c, key, "gens/%020llu/", (unsigned long long)generation);
	weft_etcd_call(c->etcd, "kv/range", weft_etcd_range(key, true, false, 0), on_parts, r);
}

struct view_waiter {
	struct view_waiter *next;
	weft_view_cb cb;
	void *arg;
};

static void
answer_view(struct weft_cluster *c, struct weft_model *view, const struct weft_error *err)
{
	struct view_waiter *waiters = c->view_waiters;

	c->view_waiters = NULL;
	while (waiters) {
		struct view_waiter *w = waiters;

		waiters = w->next;
		w->cb(w->arg, view, err);
		free(w);
	}
}

void
view_fail(struct weft_cluster *c, const struct weft_error *err)
{
	answer_view(c, NULL, err);
}

void
view_drop(struct weft_cluster *c)
{
	weft_model_free(c->view);
	c->view = NULL;
}

static void
on_view(struct weft_cluster *c, void *arg, json_t *objects, const json_t *kv, int64_t revision)
{
	struct weft_model *view = weft_model_new("");
	struct publication pub = { 0 };
	struct weft_changeset set;
	struct weft_error err = c->trouble;

	(void)arg, (void)revision;
	c->view_loading = false;
	publication_take(&pub, kv);
	json_decref(pub.json);
	if (objects && view && weft_model_change(view, objects, 0, &set, &err) == 0) {
		weft_changeset_accept(&set);
		view_drop(c);
		c->view = view;
		// In the midst of being agreed on, the one before is in force.
		c->view_generation =
			pub.state == PUB_WRITE || pub.state == PUB_PREPARE ? pub.generation - 1 : pub.generation;
		json_decref(objects);
		answer_view(c, view, NULL);
		driver_kick(c->driver);
		return;
	}
	weft_model_free(view);
	json_decref(objects);
	answer_view(c, NULL, &err);
}

void
weft_cluster_view(struct weft_cluster *c, weft_view_cb cb, void *arg)
{
	struct view_waiter *w;
	struct weft_error err;

	if (c->view && c->synced) {
		cb(arg, c->view, NULL);
		return;
	}
	w = c->synced ? calloc(1, sizeof(*w)) : NULL;
	if (w == NULL) {
		weft_fail(&err, EHOSTUNREACH, "the cluster's store cannot be reached: %.400s",
			c->trouble.text[0] ? c->trouble.text : "no answer yet");
		cb(arg, NULL, &err);
		return;
	}
	*w = (struct view_waiter){ .next = c->view_waiters, .cb = cb, .arg = arg };
	c->view_waiters = w;
	if (c->view_loading)
		return;
	c->view_loading = true;
	load_policy(c, true, NULL, on_view, NULL);
}

void
view_follow(struct weft_cluster *c)
{
	const struct publication *pub = &c->pub;
	json_t *changes = json_object_get(pub->json, "changes");
	struct weft_changeset set;
	struct weft_error err;

	if (c->view == NULL)
		return;
	if (pub->state == PUB_PREPARE && changes) {
		json_decref(c->view_next);
		c->view_next = json_incref(changes);
		c->view_next_generation = pub->generation;
		memcpy(c->view_next_id, pub->id, sizeof(pub->id));
	}
	if ((pub->state != PUB_IDLE && pub->state != PUB_ACTIVE) || c->view_generation == pub->generation)
		return;
	if (c->view_generation + 1 == pub->generation && c->view_next && c->view_next_generation == pub->generation &&
		strcmp(c->view_next_id, pub->id) == 0 && weft_model_change(c->view, c->view_next, 0, &set, &err) == 0) {
		weft_changeset_accept(&set);
		c->view_generation = pub->generation;
	} else {
		view_drop(c);
	}
}
