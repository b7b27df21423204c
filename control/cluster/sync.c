// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "sync.h"

#include <errno.h>

#include "weft/clock.h"

#include "control/cluster/etcd/messages.h"
#include "control/cluster/etcd/watch.h"
#include "driver.h"
#include "load.h"
#include "member.h"
#include "relevance.h"
#include "util.h"
#include "view.h"

#define STUCK_MS 5000 // before a generation that could not be applied is tried again

static void
on_publish(void *arg, const json_t *events)
{
	struct weft_cluster *c = arg;
	size_t i;
	json_t *event;

	if (events == NULL) {
		// Events were missed: the host reads everything again.
		weft_watch_free(c->watch);
		c->watch = NULL;
		cluster_retry_later(c);
		return;
	}
	// A copy that somebody deletes says nothing.
	json_array_foreach ((json_t *)(uintptr_t)events, i, event)
		if (json_object_get(event, "type") == NULL)
			member_publication(c, json_object_get(event, "kv"));
	driver_kick(c->driver);
}

static void
follow(struct weft_cluster *c, int64_t revision)
{
	char all[KEY_MAX], want[KEY_MAX];

	if (c->watch)
		return;
	cluster_key(c, all, "all");
	cluster_key(c, want, "want/%s", c->name);
	c->watch = weft_watch_new(c->etcd, (const char *const[WEFT_WATCH_KEYS]){ all, want }, false, revision + 1,
		c->config->lease_s * 1000 / 3, on_publish, c);
}

// Applies OBJECTS, which are in force as GENERATION. If the host has reported an attempt as prepared, it keeps it
// prepared: other hosts may have activated it already.
static void
get_in_step(struct weft_cluster *c, json_t *objects, uint64_t generation)
{
	struct weft_error err = { "" };
	json_t *relevant, *changes;
	bool keep = member_is_prepared(c, &c->pub) && !c->stuck &&
		    (generation == c->generation || generation == c->prepared);

	if (!keep) {
		member_drop_prepared(c);
		relevant = relevant_objects(objects, c->name);
		changes = difference(c->ops->model(c->host), relevant);
		c->stuck = c->ops->prepare(c->host, changes, generation, true, &err) != 0;
		json_decref(changes);
		json_decref(relevant);
	}
	if (c->stuck) {
		c->retry_at = weft_clock_ms() + STUCK_MS;
		member_refuse(c, generation, "", &err);
		member_evaluate(c);
		return;
	}
	c->retry_ms = CLUSTER_FIRST_RETRY_MS;
	c->trouble.text[0] = 0;
	if (keep)
		member_settle(c, SETTLING_PREPARED);
	else
		member_activate(c, generation);
}

// The policy in force has been read.
static void
on_sync(struct weft_cluster *c, void *arg, json_t *objects, const json_t *kv, int64_t revision)
{
	uint64_t generation;
	struct publication pub = { 0 };
	struct weft_error err;

	(void)arg;
	c->busy = false;
	if (objects == NULL) {
		cluster_retry_later(c);
		return;
	}
	// load_policy() has checked it.
	publication_take(&pub, kv, &err);
	generation = publication_in_force(&pub);
	if (generation < c->generation) {
		weft_fail(&err, ESTALE,
			"it says generation %llu, but this host has already applied %llu: the store was set back",
			(unsigned long long)generation, (unsigned long long)c->generation);
		cluster_bad_publication(c, err.text);
		json_decref(pub.json);
		json_decref(objects);
		cluster_retry_later(c);
		return;
	}
	view_see_checked(c, &pub, revision);
	cluster_good(c);
	// A copy that is not newer than this reading, and says something else, was none.
	if (c->pub.revision <= revision || c->watch == NULL) {
		json_decref(c->pub.json);
		c->pub = pub;
		pub.json = NULL;
	}
	c->synced = true;
	c->missed = false;
	follow(c, revision);
	get_in_step(c, objects, generation);
	json_decref(pub.json);
	json_decref(objects);
}

void
sync_start(struct weft_cluster *c)
{
	c->busy = true;
	load_policy(c, false, NULL, on_sync, NULL);
}
