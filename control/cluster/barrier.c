// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A generation is claimed, its record is written, all hosts prepare it, it comes into force, and it is written down as
// objects. Every step is a compare-and-swap of the publication, so that of two hosts that both believe to be the driver
// one learns that it is not.
#include "barrier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"

#include "control/cluster/etcd/messages.h"
#include "acks.h"
#include "fold.h"
#include "util.h"
#include "view.h"

#define BACKOFF_MS 100
#define INLINE_MAX (256u << 10) // bytes of changes in the publication and its copies together

// Returns a publication of this attempt in STATE: a new object.
static json_t *
publication(const struct driver *d, const char *state)
{
	const struct weft_cluster *c = d->c;
	size_t copies = json_is_string(d->hosts) ? 1 : json_array_size(d->hosts);
	json_t *pub = json_pack("{s:O, s:s, s:s, s:s, s:i}", "generation", json_object_get(d->record, "generation"),
		"id", d->id, "state", state, "driver", c->me, "parts", (int)d->parts);

	json_object_set(pub, "hosts", d->hosts);
	if (strcmp(state, "prepare") == 0 && strlen(d->text) * (copies + 1) < INLINE_MAX)
		json_object_set(pub, "changes", json_object_get(d->record, "changes"));
	return pub;
}

// Copies PUB to the keys that the concerned hosts watch: one key for each of them, or one for all hosts. A change costs
// the other hosts nothing.
static void
copy_to_hosts(const struct driver *d, json_t *txn, const json_t *pub)
{
	const json_t *hosts = json_object_get(pub, "hosts");
	char key[KEY_MAX];
	size_t i;
	json_t *name;

	if (json_is_string(hosts)) {
		cluster_key(d->c, key, "all");
		weft_etcd_txn_put(txn, weft_etcd_put_json(key, pub, 0));
		return;
	}
	json_array_foreach ((json_t *)(uintptr_t)hosts, i, name) {
		cluster_key(d->c, key, "want/%s", json_string_value(name));
		weft_etcd_txn_put(txn, weft_etcd_put_json(key, pub, 0));
	}
}

// Returns a transaction that makes PUB the publication, if the latest one that is known still is the latest. Takes PUB
// over.
static json_t *
swap(struct driver *d, json_t *pub)
{
	char key[KEY_MAX];
	json_t *txn;

	cluster_key(d->c, key, "publish");
	txn = weft_etcd_txn(key, d->c->last.revision);
	weft_etcd_txn_put(txn, weft_etcd_put_json(key, pub, 0));
	copy_to_hosts(d, txn, pub);
	json_decref(d->next);
	d->next = pub;
	return txn;
}

static void
on_refreshed(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct driver *d = arg;

	(void)code, (void)err;
	d->busy = false;
	if (reply)
		view_see_publication(d->c, json_array_get(weft_etcd_kvs(reply), 0), weft_etcd_revision(reply));
	// The request was not carried out, although the publication is unchanged: try again after a while.
	if (d->c->last.revision == d->sent)
		d->not_before = weft_clock_ms() + BACKOFF_MS;
	d->step(d);
}

// A request has ended: it was carried out, or another host was first, and this one reads its publication.
static void
on_done(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct driver *d = arg;
	struct weft_cluster *c = d->c;
	char key[KEY_MAX];

	(void)code;
	if (reply && weft_etcd_succeeded(reply)) {
		d->busy = false;
		if (d->swapping && weft_etcd_revision(reply) > c->last.revision) {
			publication_set(&c->last, d->next, weft_etcd_revision(reply));
			view_follow(c);
		}
		d->step(d);
		return;
	}
	if (reply == NULL)
		c->trouble = *err;
	// Without a reply, too, the publication shows whether the request was carried out.
	cluster_key(c, key, "publish");
	weft_etcd_call(c->etcd, "kv/range", weft_etcd_range(key, false, false, 0), on_refreshed, d);
}

static void
request(struct driver *d, json_t *txn, bool swapping)
{
	d->busy = true;
	d->swapping = swapping;
	d->sent = d->c->last.revision;
	weft_etcd_call(d->c->etcd, "kv/txn", txn, on_done, d);
}

static void
put_part(const struct driver *d, json_t *txn, unsigned int i)
{
	char key[KEY_MAX], *part = strndup(d->text + (size_t)i * RECORD_PART, RECORD_PART);

	cluster_key(d->c, key, "gens/%020lld/%06u", json_integer_value(json_object_get(d->record, "generation")), i);
	weft_etcd_txn_put(txn, weft_etcd_put(key, part ? part : "", 0));
	free(part);
}

void
barrier_claim(struct driver *d)
{
	bool small = d->parts == 1;
	json_t *txn = swap(d, publication(d, small ? "prepare" : "write"));

	if (small)
		put_part(d, txn, 0);
	d->part = 0;
	d->mine = true;
	d->deadline = weft_clock_ms() + d->c->config->prepare_s * UINT64_C(1000);
	acks_look(d->c->acks);
	request(d, txn, true);
}

void
barrier_write(struct driver *d)
{
	char key[KEY_MAX];
	bool last_one = d->part >= d->parts;
	json_t *txn;

	cluster_key(d->c, key, "publish");
	if (!last_one) {
		txn = weft_etcd_txn(key, d->c->last.revision);
		put_part(d, txn, d->part++);
	} else {
		d->deadline = weft_clock_ms() + d->c->config->prepare_s * UINT64_C(1000);
		txn = swap(d, publication(d, "prepare"));
	}
	request(d, txn, last_one);
}

void
barrier_abandon(struct driver *d, const char *why)
{
	const struct publication *pub = &d->c->last;
	json_t *back = json_pack("{s:I, s:s, s:s, s:s, s:{s:I, s:s, s:s}}", "generation",
		(json_int_t)pub->generation - 1, "id", "", "state", "idle", "driver", d->c->me, "abandoned",
		"generation", (json_int_t)pub->generation, "id", pub->id, "reason", why);
	json_t *txn;
	struct weft_error err;
	char key[KEY_MAX];

	json_object_set(back, "hosts", json_object_get(pub->json, "hosts"));
	txn = swap(d, back);
	cluster_key(d->c, key, "gens/%020llu/", (unsigned long long)pub->generation);
	weft_etcd_txn_delete(txn, weft_etcd_delete(key, true));
	weft_fail(&err, EINVAL, "%s; generation %llu stays in force everywhere", why,
		(unsigned long long)pub->generation - 1);
	WEFT_LOG(WARNING, "event=abandoned generation=%llu reason=\"%s\"", (unsigned long long)pub->generation, why);
	attempt_reject(&d->writes, &err);
	attempt_forget(d);
	request(d, txn, true);
}

// All hosts have prepared: this one transaction brings the generation into force.
static void
bring_into_force(struct driver *d)
{
	bool small;
	json_t *txn;

	fold_begin(d);
	small = fold_fits(d);
	txn = swap(d, publication(d, small ? "idle" : "active"));
	fold_log(d, txn);
	fold_forget_old(d, txn);
	if (small)
		fold_take(d, txn);
	request(d, txn, true);
}

void
barrier_fold(struct driver *d)
{
	char key[KEY_MAX];
	json_t *txn;

	fold_begin(d);
	if (json_array_size(d->ops) == 0) {
		request(d, swap(d, publication(d, "idle")), true);
		return;
	}
	cluster_key(d->c, key, "publish");
	txn = weft_etcd_txn(key, d->c->last.revision);
	fold_take(d, txn);
	request(d, txn, false);
}

// Whether the generation waits for the host NAME, which has STATE.
static bool
is_pending(struct driver *d, const char *name, const json_t *state)
{
	const struct publication *pub = &d->c->last;
	const char *id = json_string_value(json_object_get(state, "id"));
	const char *refused = json_string_value(json_object_get(state, "refused_id"));

	if (state == NULL || !publication_concerns(json_object_get(pub->json, "hosts"), name))
		return false;
	// Nobody knows what the host has prepared, so the others must not go on as if it had.
	if (json_is_true(json_object_get(state, "bad")))
		return true;
	// A stuck host has not applied the generation in force either. Like a host that is away, it must not hold up
	// the others.
	if (json_is_true(json_object_get(state, "stuck")))
		return false;
	if (refused && strcmp(refused, pub->id) == 0)
		d->refused = true;
	if ((uint64_t)json_integer_value(json_object_get(state, "applied")) == pub->generation)
		return false;
	return id == NULL || strcmp(id, pub->id) ||
	       (uint64_t)json_integer_value(json_object_get(state, "prepared")) != pub->generation;
}

void
barrier_ack(struct driver *d, const char *name, const json_t *state)
{
	if (d->pending == NULL)
		return;
	if (name == NULL) {
		json_decref(d->pending);
		d->pending = NULL;
	} else if (is_pending(d, name, state)) {
		json_object_set_new(d->pending, name, json_true());
	} else {
		json_object_del(d->pending, name);
	}
}

// Writes why the generation is given up: the host that refuses it, or the hosts that are late.
static void
say_why(const struct driver *d, char why[400])
{
	const json_t *states = acks_states(d->c->acks);
	const char *name;
	json_t *state;
	unsigned int n = 0;

	json_object_foreach ((json_t *)(uintptr_t)states, name, state) {
		const char *refused = json_string_value(json_object_get(state, "refused_id"));

		if (refused && strcmp(refused, d->c->last.id) == 0) {
			const char *reason = json_string_value(json_object_get(state, "reason"));

			snprintf(why, 400, "host %.63s refuses: %.300s", name, reason ? reason : "no reason given");
			return;
		}
	}
	snprintf(why, 400, "%zu host(s) did not prepare within %u s:", json_object_size(d->pending),
		d->c->config->prepare_s);
	json_object_foreach (d->pending, name, state)
		if (n++ < 5)
			snprintf(why + strlen(why), 400 - strlen(why), " %.63s%s", name,
				json_is_true(json_object_get(json_object_get(states, name), "bad"))
					? " (its record is wrong; 'weftctl hosts' says what to type)"
					: "");
}

void
barrier_check(struct driver *d)
{
	const json_t *states = acks_states(d->c->acks);
	const char *name;
	json_t *state;
	char why[400];

	acks_look(d->c->acks);
	if (states == NULL)
		return;
	if (d->pending == NULL) {
		d->pending = json_object();
		d->refused = false;
		json_object_foreach ((json_t *)(uintptr_t)states, name, state)
			barrier_ack(d, name, state);
	}
	if (d->refused || (json_object_size(d->pending) && weft_clock_ms() >= d->deadline)) {
		say_why(d, why);
		barrier_abandon(d, why);
	} else if (json_object_size(d->pending) == 0) {
		bring_into_force(d);
	}
}

void
barrier_take_over(struct driver *d)
{
	json_t *pub = json_deep_copy(d->c->last.json);

	json_object_set_new(pub, "driver", json_string(d->c->me));
	request(d, swap(d, pub), true);
}
