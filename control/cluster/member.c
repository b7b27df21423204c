// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The host: follows the publication, prepares and activates, and says how far it is. After a gap it reads the whole
// again.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"

#include "impl.h"

#define STUCK_MS      5000 // between two attempts to apply what could not be applied
#define SETTLE_MS     1
#define LAST_RETRY_MS 2000
#define LAZY_MS	      5000 // a host that a generation does not concern says so within this time and once more

static void
put_done(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct weft_cluster *c = arg;

	c->telling = false;
	if (reply && !c->tell_again)
		return;
	if (reply) {
		member_put_state(c);
		return;
	}
	c->trouble = *err;
	// A lease that is gone, or a state that may not have arrived: both are looked into.
	if (code == -EPROTO) {
		c->lease = 0;
		claims_session(c);
	}
	c->lazy_at = weft_clock_ms() + CLUSTER_FIRST_RETRY_MS;
}

void
member_put_state(struct weft_cluster *c)
{
	json_t *state;
	char key[KEY_MAX];

	c->lazy_at = 0;
	if (c->lease == 0)
		return;
	// Two at once may arrive in any order.
	c->tell_again = c->telling;
	if (c->telling)
		return;
	c->telling = true;
	state = json_pack("{s:s, s:s, s:I, s:I, s:s}", "host", c->name, "incarnation", c->me, "applied",
		(json_int_t)c->generation, "prepared", (json_int_t)c->prepared, "id",
		c->prepared ? c->prepared_id : "");
	if (c->stuck)
		json_object_set_new(state, "stuck", json_true());
	if (c->refused) {
		json_object_set_new(state, "refused", json_integer(c->refused));
		json_object_set_new(state, "refused_id", json_string(c->refused_id));
		json_object_set_new(state, "reason", json_string(c->reason.text));
	}
	cluster_key(c, key, "state/%s", c->name);
	weft_etcd_call(c->etcd, "kv/put", weft_etcd_put_json(key, state, c->lease), put_done, c);
	json_decref(state);
}

static void
schedule_retry(struct weft_cluster *c)
{
	c->synced = false;
	c->retry_at = weft_clock_ms() + c->retry_ms + cluster_random(c->retry_ms);
	c->retry_ms = c->retry_ms * 2 < LAST_RETRY_MS ? c->retry_ms * 2 : LAST_RETRY_MS;
}

// Whether what is prepared here is what PUB is about.
static bool
is_prepared(const struct weft_cluster *c, const struct publication *pub)
{
	return c->prepared && c->prepared == pub->generation && strcmp(c->prepared_id, pub->id) == 0;
}

static void
drop_prepared(struct weft_cluster *c)
{
	if (c->prepared)
		c->ops->abort(c->host);
	c->prepared = 0;
}

// What is in force lasts, and the others hear of it.
static void
in_force(struct weft_cluster *c)
{
	struct weft_error err;

	if (c->ops->persist(c->host, c->generation, &err)) {
		// In force, but not to be relied on: others must not take it for applied.
		WEFT_LOG(ERR, "event=persist error=\"%s\"", err.text);
		c->trouble = err;
		schedule_retry(c);
		return;
	}
	c->refused = 0;
	member_put_state(c);
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
		member_put_state(c);
	cluster_unfence(c);
	member_evaluate(c);
	driver_kick(c->driver);
}

static void
settle(struct weft_cluster *c, enum settling what)
{
	c->settling = what;
	member_on_settle(-1, 0, c);
}

static void
activate(struct weft_cluster *c, uint64_t generation)
{
	c->ops->activate(c->host);
	c->prepared = 0;
	c->stuck = false;
	c->generation = generation;
	settle(c, SETTLING_ACTIVE);
}

static void
refuse(struct weft_cluster *c, uint64_t generation, const char *id, const struct weft_error *err)
{
	bool again =
		c->refused == generation && strcmp(c->refused_id, id) == 0 && strcmp(c->reason.text, err->text) == 0;

	c->refused = generation;
	snprintf(c->refused_id, sizeof(c->refused_id), "%s", id);
	c->reason = *err;
	if (!again)
		WEFT_LOG(ERR, "event=refused generation=%llu error=\"%s\"", (unsigned long long)generation, err->text);
	member_put_state(c);
}

static void
prepare(struct weft_cluster *c, const json_t *changes)
{
	struct weft_error err = { "" };

	if (c->ops->prepare(c->host, changes, c->pub.generation, false, &err)) {
		refuse(c, c->pub.generation, c->pub.id, &err);
		return;
	}
	c->prepared = c->pub.generation;
	memcpy(c->prepared_id, c->pub.id, sizeof(c->prepared_id));
	// Who says that it is prepared must judge by it from then on what others send that are in it already.
	if (c->broken_barrier)
		activate(c, c->pub.generation);
	else
		settle(c, SETTLING_PREPARED);
}

// Another generation's attempt came while we read: that one counts.
static bool
is_stale(const struct weft_cluster *c, const char *id)
{
	return c->pub.state != PUB_PREPARE || strcmp(c->pub.id, id);
}

struct fetch {
	char id[ID_SIZE];
	json_t *changes;
};

// The objects in force, to prepare a generation on, that brings a network here.
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
		schedule_retry(c);
	}
	json_decref(objects);
	json_decref(fetch->changes);
	free(fetch);
	member_evaluate(c);
}

// Prepares what of CHANGES concerns this host; what cannot be told from them is read first.
static void
take_changes(struct weft_cluster *c, const json_t *changes)
{
	bool load;
	json_t *relevant = relevant_changes(c->ops->model(c->host), c->name, changes, &load), *tenants, *value;
	struct fetch *fetch;
	const char *key;

	// What is in force here is not what the changes build on.
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
		schedule_retry(c);
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

	if (!acks_concerned(json_object_get(pub->json, "hosts"), c->name))
		return;
	if (is_prepared(c, pub) || (c->refused == pub->generation && strcmp(c->refused_id, pub->id) == 0) ||
		c->generation >= pub->generation)
		return;
	// Generations between the one in force here and this one did not concern this host: it would have heard of
	// them.
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
	if (is_prepared(c, pub)) {
		activate(c, pub->generation);
	} else if (!acks_concerned(json_object_get(pub->json, "hosts"), c->name)) {
		// No hurry: nobody waits for it. Not all at once, either.
		c->generation = pub->generation;
		if (c->lazy_at == 0)
			c->lazy_at = weft_clock_ms() + LAZY_MS + cluster_random(LAZY_MS);
	} else if (!c->stuck || c->refused != pub->generation) {
		schedule_retry(c);
	}
}

void
member_evaluate(struct weft_cluster *c)
{
	const struct publication *pub = &c->pub;

	if (!c->synced || c->busy || c->settling)
		return;
	if (c->missed) {
		schedule_retry(c);
		return;
	}
	if (c->prepared && !is_prepared(c, pub)) {
		drop_prepared(c);
		member_put_state(c);
	}
	if (pub->state == PUB_PREPARE)
		consider_prepare(c);
	else if (pub->state != PUB_WRITE)
		consider_active(c);
}

// Whether PUB is in force, and was not prepared here.
static bool
is_unprepared(const struct weft_cluster *c)
{
	const struct publication *pub = &c->pub;

	return (pub->state == PUB_IDLE || pub->state == PUB_ACTIVE) && pub->generation > c->generation &&
	       !is_prepared(c, pub);
}

void
member_publication(struct weft_cluster *c, const json_t *kv)
{
	// The same transaction writes the publication to several keys: they all have its revision.
	if (weft_etcd_int(kv, "mod_revision") <= c->pub.revision)
		return;
	publication_take(&c->pub, kv);
	cluster_seen(c, kv);
	// While we cannot act, a generation may come and go: then what follows does not build on what we have.
	if ((c->busy || c->settling) && is_unprepared(c) &&
		acks_concerned(json_object_get(c->pub.json, "hosts"), c->name))
		c->missed = true;
	member_evaluate(c);
}

static void
on_publish(void *arg, const json_t *events)
{
	struct weft_cluster *c = arg;
	size_t i;
	json_t *event;

	if (events == NULL) {
		// Something was missed: all is read again.
		weft_watch_free(c->watch);
		c->watch = NULL;
		schedule_retry(c);
		return;
	}
	json_array_foreach ((json_t *)(uintptr_t)events, i, event)
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

// OBJECTS are in force as GENERATION. What the others were told is prepared stays so: they may be in it already.
static void
get_in_step(struct weft_cluster *c, json_t *objects, uint64_t generation)
{
	struct weft_error err = { "" };
	json_t *relevant, *changes;
	bool keep = is_prepared(c, &c->pub) && !c->stuck && (generation == c->generation || generation == c->prepared);

	if (!keep) {
		drop_prepared(c);
		relevant = relevant_objects(objects, c->name);
		changes = difference(c->ops->model(c->host), relevant);
		c->stuck = c->ops->prepare(c->host, changes, generation, true, &err) != 0;
		json_decref(changes);
		json_decref(relevant);
	}
	if (c->stuck) {
		c->retry_at = weft_clock_ms() + STUCK_MS;
		refuse(c, generation, "", &err);
		member_evaluate(c);
		return;
	}
	c->retry_ms = CLUSTER_FIRST_RETRY_MS;
	c->trouble.text[0] = 0;
	if (keep)
		settle(c, SETTLING_PREPARED);
	else
		activate(c, generation);
}

// The policy in force, as the store has it: the host gets in step with it.
static void
on_sync(struct weft_cluster *c, void *arg, json_t *objects, const json_t *kv, int64_t revision)
{
	uint64_t generation;
	struct publication pub = { 0 };

	(void)arg;
	c->busy = false;
	if (objects == NULL) {
		schedule_retry(c);
		return;
	}
	publication_take(&pub, kv);
	cluster_seen(c, kv);
	generation = publication_in_force(&pub);
	if (generation < c->generation) {
		weft_fail(&c->trouble, ESTALE,
			"the store is at generation %llu, and this host applies %llu: it was set back",
			(unsigned long long)generation, (unsigned long long)c->generation);
		WEFT_LOG(ERR, "event=store-set-back error=\"%s\"", c->trouble.text);
		json_decref(pub.json);
		json_decref(objects);
		schedule_retry(c);
		return;
	}
	if (c->pub.revision < pub.revision || c->watch == NULL) {
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
member_sync(struct weft_cluster *c)
{
	c->busy = true;
	load_policy(c, false, NULL, on_sync, NULL);
}
