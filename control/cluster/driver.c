// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Every host drives the generations of its own writes. When it dies, another host finishes its attempt or gives it up.
#include "driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"

#include "control/change/batch.h"
#include "control/change/bundle.h"
#include "control/change/history.h"
#include "control/cluster/etcd/messages.h"
#include "barrier.h"
#include "load.h"
#include "relevance.h"
#include "util.h"
#include "view.h"

#define AGAIN_MS    200	 // before a record that could not be read is read again
#define TAKEOVER_MS 1000 // another host looks after the driver after this to twice this time without a step

static void step(struct driver *d);

// Puts the attempt's writes back into the queue, for another generation.
static void
requeue(struct driver *d)
{
	struct weft_write **p = &d->writes;

	while (*p)
		p = &(*p)->next;
	*p = d->queue;
	if (d->queue == NULL)
		d->last = p;
	d->queue = d->writes;
	if (d->queue == NULL)
		d->last = &d->queue;
	d->writes = NULL;
	attempt_forget(d);
}

// Joins the queued writes into the next generation. Returns whether there is anything to claim.
static bool
begin(struct driver *d)
{
	struct weft_cluster *c = d->c;
	struct weft_changeset set;
	struct weft_error err;
	json_t *changes;
	char *text;

	d->writes = d->queue;
	d->queue = NULL;
	d->last = &d->queue;
	changes = weft_batch_join(c->view, &d->writes);
	if (d->writes == NULL || weft_model_change(c->view, changes, weft_clock_wall_s(), &set, &err)) {
		attempt_reject(&d->writes, &err);
		json_decref(changes);
		return false;
	}
	json_decref(changes);
	d->report = weft_changeset_report(&set);
	d->hosts = concerned_hosts(c->view, &set);
	d->record = weft_record_new(c->last.generation + 1, d->writes->who, d->writes->note, &set);
	weft_model_revert(c->view, &set);
	if (json_object_size(json_object_get(d->record, "changes")) == 0) {
		attempt_answer(d, c->last.generation);
		attempt_forget(d);
		return false;
	}
	text = json_dumps(d->record, JSON_COMPACT);
	d->text = text;
	d->parts = text ? strlen(text) / RECORD_PART + 1 : 0;
	cluster_make_id(d->id);
	// The view follows these changes even if they are too large for the publication.
	json_decref(c->view_next);
	c->view_next = json_incref(json_object_get(d->record, "changes"));
	c->view_next_generation = c->last.generation + 1;
	memcpy(c->view_next_id, d->id, sizeof(d->id));
	return true;
}

static void
on_record(struct weft_cluster *c, void *arg, json_t *record)
{
	struct driver *d = arg;

	d->busy = false;
	d->not_before = weft_clock_ms() + (record ? 0 : AGAIN_MS);
	// Nobody can prepare it, and so it must not hold up all others.
	if (c->bad_record && d->mine && c->last.state == PUB_PREPARE)
		barrier_abandon(d, "its record in the store is missing or damaged");
	if (record == NULL || !d->mine) {
		json_decref(record);
		return;
	}
	d->record = record;
	d->hosts = json_incref(json_object_get(c->last.json, "hosts"));
	d->report = json_object();
	d->text = json_dumps(record, JSON_COMPACT);
	d->parts = c->last.parts;
	memcpy(d->id, c->last.id, sizeof(d->id));
	d->deadline = weft_clock_ms() + c->config->prepare_s * UINT64_C(1000);
	step(d);
}

// This host drives the attempt: takes the next step.
static void
go_on(struct driver *d)
{
	const struct publication *pub = &d->c->last;

	if (pub->state == PUB_WRITE && d->record == NULL) {
		barrier_abandon(d, "the host that applied it went away before it was written");
	} else if (d->record == NULL) {
		// The attempt was taken over: its record says what to do.
		d->busy = true;
		load_record(d->c, pub->generation, on_record, d);
	} else if (pub->state == PUB_WRITE) {
		barrier_write(d);
	} else if (pub->state == PUB_PREPARE) {
		barrier_check(d);
	} else if (pub->state == PUB_ACTIVE) {
		attempt_answer(d, pub->generation);
		barrier_fold(d);
	}
}

static void
on_driver_state(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct driver *d = arg;
	struct weft_cluster *c = d->c;
	json_t *state;
	const char *incarnation;
	bool alive, waited;

	(void)code, (void)err;
	d->looking = false;
	if (reply)
		view_see_publication(c, json_array_get(weft_etcd_txn_kvs(reply, 0), 0), weft_etcd_revision(reply));
	if (reply == NULL || c->last.state == PUB_IDLE || c->last.revision != d->seen || d->mine || d->busy)
		return;
	state = weft_etcd_json(json_array_get(weft_etcd_txn_kvs(reply, 1), 0));
	incarnation = json_string_value(json_object_get(state, "incarnation"));
	alive = incarnation && strcmp(incarnation, c->last.driver) == 0;
	json_decref(state);
	waited = weft_clock_ms() - d->stalled_at > (c->config->prepare_s + 5) * UINT64_C(1000);
	// A driver that has much to write, or waits for many hosts, is left alone for as long as it lives.
	if (alive && (!waited || c->last.state != PUB_PREPARE))
		return;
	WEFT_LOG(NOTICE, "event=takeover generation=%llu from=%s", (unsigned long long)c->last.generation,
		c->last.driver);
	barrier_take_over(d);
}

// Another host drives the attempt: if the publication does not change for a while, that host may be dead.
static void
watch_over(struct driver *d)
{
	struct weft_cluster *c = d->c;
	uint64_t now = weft_clock_ms();
	char key[KEY_MAX];
	json_t *txn;

	if (d->seen != c->last.revision) {
		d->seen = c->last.revision;
		// The hosts look at different times.
		d->stalled_at = now;
		d->look_at = now + TAKEOVER_MS + cluster_random(TAKEOVER_MS);
	}
	if (d->looking || now < d->look_at)
		return;
	d->looking = true;
	d->look_at = now + TAKEOVER_MS;
	txn = weft_etcd_txn(NULL, 0);
	cluster_key(c, key, "publish");
	weft_etcd_txn_range(txn, weft_etcd_range(key, false, false, 0));
	cluster_key(c, key, "state/%.*s", (int)strcspn(c->last.driver, "/"), c->last.driver);
	weft_etcd_txn_range(txn, weft_etcd_range(key, false, false, 0));
	weft_etcd_call(c->etcd, "kv/txn", txn, on_driver_state, d);
}

// Rejects queued writes whose time to begin is over.
static void
expire(struct driver *d)
{
	uint64_t now = weft_clock_ms();
	struct weft_error err;

	cluster_unavailable(d->c, &err);
	for (struct weft_write **w = &d->queue; *w;) {
		struct weft_write *write = *w;

		if (now < write->begin_by) {
			w = &write->next;
			continue;
		}
		*w = write->next;
		write->done(write, NULL, false, &err);
	}
	d->last = &d->queue;
	while (*d->last)
		d->last = &(*d->last)->next;
}

static void
on_view(void *arg, struct weft_model *view, const struct weft_error *err)
{
	struct driver *d = arg;

	(void)view, (void)err;
	d->viewing = false;
	step(d);
}

// Another host was first with this generation, or has ended this attempt: the publication says which.
static void
lose(struct driver *d)
{
	const struct publication *pub = &d->c->last;
	const json_t *abandoned = json_object_get(pub->json, "abandoned");
	const char *id = json_string_value(json_object_get(abandoned, "id"));
	json_int_t generation = json_integer_value(json_object_get(d->record, "generation"));
	struct weft_error err;

	if (id && strcmp(id, d->id) == 0) {
		weft_fail(&err, EINVAL, "%s", json_string_value(json_object_get(abandoned, "reason")));
		attempt_reject(&d->writes, &err);
	}
	// The cluster has gone on without this host. Only the log says whether with this attempt or with another one.
	while (d->writes && pub->generation > (uint64_t)generation) {
		struct weft_write *write = d->writes;

		d->writes = write->next;
		write->done(write, json_pack("{s:I, s:s}", "generation", generation, "state", "unknown"), true, NULL);
	}
	requeue(d);
}

static void
step(struct driver *d)
{
	struct weft_cluster *c = d->c;
	const struct publication *pub = &c->last;

	// The publication is damaged, and this attempt was not in it: the writes wait for the repair, or their time is over.
	if (c->bad.text[0] && !d->busy && d->mine && d->record && strcmp(pub->id, d->id))
		requeue(d);
	if (d->queue)
		expire(d);
	if (!c->synced || d->busy || weft_clock_ms() < d->not_before)
		return;
	if (d->mine && d->record && strcmp(pub->id, d->id)) {
		lose(d);
		expire(d);
	}
	if (d->mine && pub->state == PUB_IDLE) {
		if (d->record)
			attempt_answer(d, pub->generation);
		attempt_forget(d);
	}
	if (pub->state != PUB_IDLE) {
		d->mine = strcmp(pub->driver, c->me) == 0;
		if (d->mine)
			go_on(d);
		else
			watch_over(d);
		return;
	}
	if (d->queue == NULL || d->viewing)
		return;
	if (c->view == NULL || c->view_generation != pub->generation) {
		d->viewing = true;
		view_read(c, on_view, d);
	} else if (begin(d)) {
		barrier_claim(d);
	}
}

void
driver_kick(struct driver *d)
{
	if (d->queue || d->mine || d->c->last.state != PUB_IDLE)
		step(d);
}

void
driver_submit(struct driver *d, struct weft_write *write)
{
	write->next = NULL;
	write->begin_by = weft_clock_ms() + write->timeout_ms;
	*d->last = write;
	d->last = &write->next;
	// The driver begins in the event loop's next turn, so that writes that come together become one generation.
	cluster_after(d->c->tick, 0);
}

struct driver *
driver_new(struct weft_cluster *c)
{
	struct driver *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->c = c;
	d->step = step;
	d->last = &d->queue;
	return d;
}

void
driver_free(struct driver *d)
{
	if (d == NULL)
		return;
	requeue(d);
	json_decref(d->next);
	while (d->queue) {
		struct weft_write *write = d->queue;

		d->queue = write->next;
		weft_write_free(write);
	}
	free(d);
}
