// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reading the policy as of one moment, and keeping a view of the whole one. The objects are those of the generation in
// force, except while a large one is being written down: then its record stands over them.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "impl.h"

#define PAGE	    1000 // objects in one reply
#define MAX_RECORDS 100	 // that a view catches up with one by one

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

static void catch_up(struct weft_cluster *c);

static void
answer_view(struct weft_cluster *c, struct weft_model *view, const struct weft_error *err)
{
	struct view_waiter *waiters = c->view_waiters;

	c->view_waiters = NULL;
	c->view_loading = false;
	while (waiters) {
		struct view_waiter *w = waiters;

		waiters = w->next;
		w->cb(w->arg, view, err);
		free(w);
	}
}

// Makes CHANGES, which brought GENERATION about, part of the view; a view that cannot follow is dropped.
static void
apply_to_view(struct weft_cluster *c, const json_t *changes, uint64_t generation)
{
	struct weft_changeset set;
	struct weft_error err;

	if (weft_model_change(c->view, changes, 0, &set, &err) == 0) {
		weft_changeset_accept(&set);
		c->view_generation = generation;
		return;
	}
	WEFT_LOG(WARNING, "event=view-dropped generation=%llu error=\"%s\"", (unsigned long long)generation, err.text);
	weft_model_free(c->view);
	c->view = NULL;
}

static void
on_view(struct weft_cluster *c, void *arg, json_t *objects, const json_t *kv, int64_t revision)
{
	struct publication pub = { 0 };
	struct weft_error err = c->trouble;

	(void)arg, (void)revision;
	if (objects)
		c->view = weft_model_new("");
	if (c->view == NULL) {
		json_decref(objects);
		answer_view(c, NULL, &err);
		return;
	}
	publication_take(&pub, kv);
	apply_to_view(c, objects, publication_in_force(&pub));
	cluster_seen(c, kv);
	json_decref(pub.json);
	json_decref(objects);
	if (c->view) {
		catch_up(c);
		return;
	}
	weft_fail(&err, EBADMSG, "the objects in the cluster's store contradict each other; see the log");
	answer_view(c, NULL, &err);
}

static void
on_later_record(struct weft_cluster *c, void *arg, json_t *record)
{
	uint64_t generation = json_integer_value(json_object_get(record, "generation"));

	(void)arg;
	if (c->view && generation == c->view_generation + 1)
		apply_to_view(c, json_object_get(record, "changes"), generation);
	else if (record == NULL && c->view) {
		weft_model_free(c->view);
		c->view = NULL;
	}
	json_decref(record);
	catch_up(c);
}

// Brings the view to the generation in force: by its records where they are few, else anew.
static void
catch_up(struct weft_cluster *c)
{
	uint64_t generation = publication_in_force(&c->last);

	if (c->view && generation > c->view_generation + MAX_RECORDS) {
		weft_model_free(c->view);
		c->view = NULL;
	}
	if (c->view == NULL)
		load_policy(c, true, NULL, on_view, NULL);
	else if (c->view_generation < generation)
		load_record(c, c->view_generation + 1, on_later_record, NULL);
	else
		answer_view(c, c->view, NULL);
}

static void
on_publish(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct weft_cluster *c = arg;

	(void)code;
	if (reply == NULL) {
		c->trouble = *err;
		answer_view(c, NULL, err);
		return;
	}
	cluster_seen(c, json_array_get(weft_etcd_kvs(reply), 0));
	catch_up(c);
}

void
weft_cluster_view(struct weft_cluster *c, weft_view_cb cb, void *arg)
{
	struct view_waiter *w = c->synced ? calloc(1, sizeof(*w)) : NULL;
	struct weft_error err;
	char key[KEY_MAX];

	if (w == NULL) {
		cluster_unavailable(c, &err);
		cb(arg, NULL, &err);
		return;
	}
	*w = (struct view_waiter){ .next = c->view_waiters, .cb = cb, .arg = arg };
	c->view_waiters = w;
	if (c->view_loading)
		return;
	c->view_loading = true;
	cluster_key(c, key, "publish");
	weft_etcd_call(c->etcd, "kv/range", weft_etcd_range(key, false, false, 0), on_publish, c);
}

void
view_follow(struct weft_cluster *c)
{
	const struct publication *last = &c->last;
	json_t *changes = json_object_get(last->json, "changes");

	if (c->view == NULL)
		return;
	if (last->state == PUB_PREPARE && changes) {
		json_decref(c->view_next);
		c->view_next = json_incref(changes);
		c->view_next_generation = last->generation;
		memcpy(c->view_next_id, last->id, sizeof(last->id));
	}
	if ((last->state == PUB_IDLE || last->state == PUB_ACTIVE) && c->view_generation + 1 == last->generation &&
		c->view_next && c->view_next_generation == last->generation && strcmp(c->view_next_id, last->id) == 0)
		apply_to_view(c, c->view_next, last->generation);
}
