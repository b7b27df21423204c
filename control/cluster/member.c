// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The host follows the publication: it prepares an attempt, activates it, and reports how far it is.
#include "member.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"

#include "control/cluster/etcd/messages.h"
#include "driver.h"
#include "host_state.h"
#include "load.h"
#include "relevance.h"
#include "util.h"
#include "view.h"

#define SETTLE_MS 1
#define LAZY_MS	  5000 // a host that a generation does not concern reports it after this to twice this time

bool
member_is_prepared(const struct weft_cluster *c, const struct publication *pub)
{
	return c->prepared && c->prepared == pub->generation && strcmp(c->prepared_id, pub->id) == 0;
}

void
member_drop_prepared(struct weft_cluster *c)
{
	if (c->prepared)
		c->ops->abort(c->host);
	c->prepared = 0;
}

// Stores what is in force, and reports it.
static void
in_force(struct weft_cluster *c)
{
	struct weft_error err;

	if (c->ops->persist(c->host, c->generation, &err)) {
		// It is in force, but a crash would undo it: the others must not take it for applied.
		WEFT_LOG(ERR, "event=persist error=\"%s\"", err.text);
		c->trouble = err;
		cluster_retry_later(c);
		return;
	}
	c->refused = 0;
	host_state_put(c);
}

void
member_unfence(struct weft_cluster *c)
{
	if (!c->fenced || c->lease == 0 || !c->synced || c->settling || c->generation < publication_in_force(&c->pub))
		return;
	c->fenced = false;
	c->ops->fence_at(c->host, c->lease_until);
	WEFT_LOG(NOTICE, "event=cluster-back host=%s generation=%llu", c->name, (unsigned long long)c->generation);
}

void
member_on_settle(evutil_socket_t fd, short what, void *arg)
{
	struct weft_cluster *c = arg;
	bool active;

	(void)fd, (void)what;
	if (!c->ops->settled(c->host)) {
		cluster_after(c->settle, SETTLE_MS);
		return;
	}
	active = c->settling == SETTLING_ACTIVE;
	c->settling = SETTLED;
	if (active)
		in_force(c);
	else
		host_state_put(c);
	member_unfence(c);
	member_evaluate(c);
	driver_kick(c->driver);
}

void
member_settle(struct weft_cluster *c, enum settling what)
{
	c->settling = what;
	member_on_settle(-1, 0, c);
}

void
member_activate(struct weft_cluster *c, uint64_t generation)
{
	c->ops->activate(c->host);
	c->prepared = 0;
	c->stuck = false;
	c->generation = generation;
	member_settle(c, SETTLING_ACTIVE);
}

void
member_refuse(struct weft_cluster *c, uint64_t generation, const char *id, const struct weft_error *err)
{
	bool again =
		c->refused == generation && strcmp(c->refused_id, id) == 0 && strcmp(c->reason.text, err->text) == 0;

	c->refused = generation;
	snprintf(c->refused_id, sizeof(c->refused_id), "%s", id);
	c->reason = *err;
	if (!again)
		WEFT_LOG(ERR, "event=refused generation=%llu error=\"%s\"", (unsigned long long)generation, err->text);
	host_state_put(c);
}

static void
prepare(struct weft_cluster *c, const json_t *changes)
{
	struct weft_error err = { "" };

	if (c->ops->prepare(c->host, changes, c->pub.generation, false, &err)) {
		member_refuse(c, c->pub.generation, c->pub.id, &err);
		return;
	}
	c->prepared = c->pub.generation;
	memcpy(c->prepared_id, c->pub.id, sizeof(c->prepared_id));
	// A host that reports a generation as prepared must from then on be able to judge by it the frames of hosts that
	// have activated it already.
	if (c->broken_barrier)
		member_activate(c, c->pub.generation);
	else
		member_settle(c, SETTLING_PREPARED);
}

// Whether attempt ID is not to be prepared any more: the publication changed during the read.
static bool
is_stale(const struct weft_cluster *c, const char *id)
{
	return c->pub.state != PUB_PREPARE || strcmp(c->pub.id, id);
}

struct fetch {
	char id[ID_SIZE];
	json_t *changes;
};

// The objects in force have been read. The attempt is prepared on top of them.
static void
on_base(struct weft_cluster *c, void *arg, json_t *objects, const json_t *kv, int64_t revision)
{
	struct fetch *fetch = arg;
	json_t *relevant, *changes;

	(void)kv, (void)revision;
	c->busy = false;
	if (objects && !is_stale(c, fetch->id)) {
		const char *key;
		json_t *value;

		json_object_foreach (fetch->changes, key, value) {
			if (json_is_null(value))
				json_object_del(objects, key);
			else
				json_object_set(objects, key, value);
		}
		relevant = relevant_objects(objects, c->name);
		changes = difference(c->ops->model(c->host), relevant);
		prepare(c, changes);
		json_decref(changes);
		json_decref(relevant);
	} else if (objects == NULL) {
		cluster_retry_later(c);
	}
	json_decref(objects);
	json_decref(fetch->changes);
	free(fetch);
	member_evaluate(c);
}

// Prepares the part of CHANGES that concerns this host. If CHANGES are not enough to tell, it reads the objects first.
static void
take_changes(struct weft_cluster *c, const json_t *changes)
{
	bool load;
	json_t *relevant = relevant_changes(c->ops->model(c->host), c->name, changes, &load), *tenants, *value;
	struct fetch *fetch;
	const char *key;

	// A stuck host does not have the objects that the changes build on.
	load = load || c->stuck;
	if (!load) {
		prepare(c, relevant);
		json_decref(relevant);
		return;
	}
	json_decref(relevant);
	fetch = calloc(1, sizeof(*fetch));
	if (fetch == NULL)
		return;
	memcpy(fetch->id, c->pub.id, sizeof(fetch->id));
	fetch->changes = json_incref((json_t *)(uintptr_t)changes);
	tenants = json_object();
	json_object_foreach ((json_t *)(uintptr_t)changes, key, value) {
		char tenant[WEFT_NAME_SIZE];

		if (strncmp(key, "tenants/", 8))
			continue;
		snprintf(tenant, sizeof(tenant), "%.*s", (int)strcspn(key + 8, "/"), key + 8);
		json_object_set_new(tenants, tenant, json_true());
	}
	c->busy = true;
	load_policy(c, false, tenants, on_base, fetch);
	json_decref(tenants);
}

static void
on_record(struct weft_cluster *c, void *arg, json_t *record)
{
	char *id = arg;

	c->busy = false;
	if (record && !is_stale(c, id))
		take_changes(c, json_object_get(record, "changes"));
	else if (record == NULL)
		cluster_retry_later(c);
	json_decref(record);
	free(id);
	if (!c->busy)
		member_evaluate(c);
}

static void
consider_prepare(struct weft_cluster *c)
{
	const struct publication *pub = &c->pub;
	json_t *changes = json_object_get(pub->json, "changes");

	if (!publication_concerns(json_object_get(pub->json, "hosts"), c->name))
		return;
	if (member_is_prepared(c, pub) || (c->refused == pub->generation && strcmp(c->refused_id, pub->id) == 0) ||
		c->generation >= pub->generation)
		return;
	// No generation between the one in force here and this one concerns this host, or it would have heard of it.
	if (changes) {
		take_changes(c, changes);
	} else {
		c->busy = true;
		load_record(c, pub->generation, on_record, strdup(pub->id));
	}
}

static void
consider_active(struct weft_cluster *c)
{
	const struct publication *pub = &c->pub;

	if (c->generation == pub->generation)
		return;
	if (member_is_prepared(c, pub)) {
		member_activate(c, pub->generation);
	} else if (!publication_concerns(json_object_get(pub->json, "hosts"), c->name)) {
		// Nobody waits for this report, so the hosts send it late, and at different times.
		c->generation = pub->generation;
		if (c->lazy_at == 0)
			c->lazy_at = weft_clock_ms() + LAZY_MS + cluster_random(LAZY_MS);
	} else if (!c->stuck || c->refused != pub->generation) {
		cluster_retry_later(c);
	}
}

void
member_evaluate(struct weft_cluster *c)
{
	const struct publication *pub = &c->pub;

	if (!c->synced || c->busy || c->settling)
		return;
	if (c->missed) {
		cluster_retry_later(c);
		return;
	}
	if (c->prepared && !member_is_prepared(c, pub)) {
		member_drop_prepared(c);
		host_state_put(c);
	}
	if (pub->state == PUB_PREPARE)
		consider_prepare(c);
	else if (pub->state != PUB_WRITE)
		consider_active(c);
}

// Whether the publication is of a generation in force that was not prepared here.
static bool
is_unprepared(const struct weft_cluster *c)
{
	const struct publication *pub = &c->pub;

	return (pub->state == PUB_IDLE || pub->state == PUB_ACTIVE) && pub->generation > c->generation &&
	       !member_is_prepared(c, pub);
}

// Notes that the copy in KV is not what a host writes. It is not followed.
static void
refuse_copy(struct weft_cluster *c, const json_t *kv, const char *what)
{
	char *text = weft_etcd_text(kv, "key"), key[KEY_MAX], command[KEY_MAX + 8];

	snprintf(key, sizeof(key), "%s", text ? text : "?");
	snprintf(command, sizeof(command), "del %s", key);
	free(text);
	cluster_bad(c, key, what, command);
	// Whether a copy is missing now shows in the publication.
	cluster_retry_later(c);
}

void
member_publication(struct weft_cluster *c, const json_t *kv)
{
	struct publication pub = { 0 };
	struct weft_error err;

	// One transaction writes the publication to several keys, with one revision.
	if (weft_etcd_int(kv, "mod_revision") <= c->pub.revision)
		return;
	if (publication_take(&pub, kv, &err)) {
		refuse_copy(c, kv, err.text);
		return;
	}
	if (publication_in_force(&pub) < c->generation ||
		publication_in_force(&pub) > c->last.generation + PUB_MAX_AHEAD ||
		!publication_concerns(json_object_get(pub.json, "hosts"), c->name)) {
		refuse_copy(c, kv, "its generation or its hosts are not what this host can get");
		json_decref(pub.json);
		return;
	}
	publication_set(&c->pub, pub.json, pub.revision);
	view_see(c, &pub);
	json_decref(pub.json);
	// While this host cannot act, a generation may come and go. The next one then does not build on what it has.
	if ((c->busy || c->settling) && is_unprepared(c) &&
		publication_concerns(json_object_get(c->pub.json, "hosts"), c->name))
		c->missed = true;
	member_evaluate(c);
}
