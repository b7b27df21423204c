// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/cluster/etcd/messages.h"
#include "load.h"
#include "util.h"

#define MAX_RECORDS 100 // a view that is more generations behind is read anew

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

// Applies CHANGES, those of GENERATION, to the view. A view that they do not fit is dropped.
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

void
view_see(struct weft_cluster *c, const struct publication *pub)
{
	if (pub->revision <= c->last.revision)
		return;
	publication_set(&c->last, pub->json, pub->revision);
	view_follow(c);
}

void
view_see_checked(struct weft_cluster *c, const struct publication *pub, int64_t revision)
{
	if (revision < c->last.revision)
		return;
	publication_set(&c->last, pub->json, pub->revision);
	view_follow(c);
}

bool
view_see_publication(struct weft_cluster *c, const json_t *kv, int64_t revision)
{
	int64_t changed = weft_etcd_int(kv, "mod_revision");
	struct publication pub = { 0 };
	struct weft_error err;
	bool good = true;

	// A reply that was overtaken says nothing. But one transaction writes the publication and its copies: what this host
	// took for a later one was no copy.
	if (revision < c->last.revision || changed == c->last.revision)
		return true;
	if (changed < c->last.revision)
		cluster_retry_later(c);
	if (publication_take(&pub, kv, &err)) {
		good = false;
	} else if (publication_in_force(&pub) < c->generation) {
		weft_fail(&err, ESTALE,
			"it says generation %llu, but this host has already applied %llu: it was set back",
			(unsigned long long)publication_in_force(&pub), (unsigned long long)c->generation);
		good = false;
	} else if (publication_in_force(&pub) > publication_in_force(&c->last) + PUB_MAX_AHEAD) {
		weft_fail(&err, EBADMSG, "generation %llu is far ahead of all that this host knows of",
			(unsigned long long)publication_in_force(&pub));
		good = false;
	}
	if (good) {
		view_see_checked(c, &pub, revision);
	} else {
		cluster_bad_publication(c, err.text);
		cluster_retry_later(c);
	}
	json_decref(pub.json);
	return good;
}

static void
on_view(struct weft_cluster *c, void *arg, json_t *objects, const json_t *kv, int64_t revision)
{
	struct publication pub = { 0 };
	struct weft_error err = c->bad.text[0] ? c->bad : c->trouble;

	(void)arg;
	if (objects)
		c->view = weft_model_new("");
	if (c->view == NULL) {
		json_decref(objects);
		answer_view(c, NULL, &err);
		return;
	}
	publication_take(&pub, kv, &err);
	apply_to_view(c, objects, publication_in_force(&pub));
	view_see_checked(c, &pub, revision);
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

// Brings the view to the generation in force: record by record if they are few, else by reading it anew.
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
	if (view_see_publication(c, json_array_get(weft_etcd_kvs(reply), 0), weft_etcd_revision(reply)))
		catch_up(c);
	else
		answer_view(c, NULL, &c->bad);
}

void
view_read(struct weft_cluster *c, weft_view_cb cb, void *arg)
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
