// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// allot/shares.h decides what this host reports and uses; this file reads and writes the store.
#include "claims.h"

#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"

#include "control/cluster/allot/shares.h"
#include "control/cluster/etcd/messages.h"
#include "control/cluster/etcd/watch.h"
#include "allotter.h"
#include "util.h"

#define SAMPLE_MS 25  // between two samples of what the host wants
#define IDLE_MS	  100 // the same, while no tenant has a rate

struct claims {
	struct weft_cluster *c;
	struct event *tick;
	struct weft_watch *watch; // of this host's record and of the allotter's key
	struct weft_shares shares;
	struct allotter *allotter;
	json_t *wants;
	char record[KEY_MAX], lead[KEY_MAX];
	bool reading, telling;
};

static void tell(struct claims *claims);

static void
on_told(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct claims *claims = arg;

	(void)code, (void)err;
	claims->telling = false;
	// The report may not have arrived: write it again.
	if (reply == NULL)
		claims->shares.told_at = 0;
	else
		tell(claims);
}

static void
tell(struct claims *claims)
{
	struct weft_cluster *c = claims->c;
	char key[KEY_MAX];
	json_t *report;

	if (claims->telling || claims->watch == NULL || claims->shares.session != c->lease ||
		!weft_shares_are_news(&claims->shares, claims->wants, weft_clock_ms()))
		return;
	report = weft_shares_report(&claims->shares, claims->wants, weft_clock_ms());
	cluster_key(c, key, "allot/wants/%s", c->name);
	claims->telling = true;
	weft_etcd_call(c->etcd, "kv/put", weft_etcd_put_json(key, report, c->lease), on_told, claims);
	json_decref(report);
}

// The host stores what it may keep before it reports that it has the record, so that it knows this after a crash, too.
static void
hear(struct claims *claims, const json_t *record)
{
	bool lower = weft_shares_lower(&claims->shares, record);
	json_t *kept;

	if (!weft_shares_is_new(&claims->shares, record))
		return;
	kept = weft_shares_kept(record);
	if (claims->c->ops->keep(claims->c->host, kept, lower) == 0 || !lower) {
		weft_shares_adopt(&claims->shares, record);
		claims->c->ops->allot(claims->c->host);
		tell(claims);
	}
	json_decref(kept);
}

static void
take(struct claims *claims, const json_t *kv, bool gone)
{
	char *key = weft_etcd_text(kv, "key");
	json_t *record = gone ? NULL : weft_etcd_json(kv);

	if (key && strcmp(key, claims->lead) == 0)
		allotter_lead(claims->allotter, gone ? NULL : kv, weft_etcd_int(kv, "mod_revision"));
	else if (record)
		hear(claims, record);
	json_decref(record);
	free(key);
}

static void
forget(struct claims *claims)
{
	weft_watch_free(claims->watch);
	claims->watch = NULL;
}

static void
on_events(void *arg, const json_t *events)
{
	struct claims *claims = arg;
	size_t i;
	json_t *event;

	if (events == NULL) {
		forget(claims);
		return;
	}
	json_array_foreach ((json_t *)(uintptr_t)events, i, event)
		take(claims, json_object_get(event, "kv"), json_object_get(event, "type") != NULL);
}

static void
on_read(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct claims *claims = arg;
	const json_t *record, *lead;

	(void)code, (void)err;
	claims->reading = false;
	// A reply to a request of a former session does not count.
	if (reply == NULL || claims->watch || claims->shares.session != claims->c->lease || claims->c->lease == 0)
		return;
	record = json_array_get(weft_etcd_txn_kvs(reply, 0), 0);
	lead = json_array_get(weft_etcd_txn_kvs(reply, 1), 0);
	claims->watch =
		weft_watch_new(claims->c->etcd, (const char *const[WEFT_WATCH_KEYS]){ claims->record, claims->lead },
			false, weft_etcd_revision(reply) + 1, claims->c->config->lease_s * 1000 / 3, on_events, claims);
	if (record)
		take(claims, record, false);
	allotter_lead(claims->allotter, lead, lead ? weft_etcd_int(lead, "mod_revision") : weft_etcd_revision(reply));
	tell(claims);
}

static void
read_record(struct claims *claims)
{
	json_t *txn = weft_etcd_txn(NULL, 0);

	weft_etcd_txn_range(txn, weft_etcd_range(claims->record, false, false, 0));
	weft_etcd_txn_range(txn, weft_etcd_range(claims->lead, false, false, 0));
	claims->reading = true;
	weft_etcd_call(claims->c->etcd, "kv/txn", txn, on_read, claims);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct claims *claims = arg;
	bool concerned;

	(void)fd, (void)what;
	json_decref(claims->wants);
	claims->wants = claims->c->ops->wants(claims->c->host);
	concerned = json_object_size(claims->wants) || json_object_size(claims->shares.held);
	cluster_after(claims->tick, concerned ? SAMPLE_MS : IDLE_MS);
	allotter_want(claims->allotter, json_object_size(claims->wants) != 0);
	if (claims->watch == NULL && !claims->reading && claims->c->lease && concerned)
		read_record(claims);
	tell(claims);
}

void
claims_session(struct weft_cluster *c)
{
	struct claims *claims = c->claims;

	if (claims == NULL || claims->shares.session == c->lease)
		return;
	forget(claims);
	weft_shares_session(&claims->shares, c->lease);
	c->ops->allot(c->host);
	allotter_session(claims->allotter);
}

int32_t
claims_share(const struct claims *claims, const char *tenant, int32_t *kept)
{
	return weft_shares_of(&claims->shares, tenant, kept);
}

void
claims_status(const struct claims *claims, json_t *status)
{
	const char *leader = allotter_leader(claims->allotter);

	if (leader[0])
		json_object_set_new(status, "cluster_allots", json_sprintf("%.*s", (int)strcspn(leader, "/"), leader));
}

struct claims *
claims_new(struct weft_cluster *c)
{
	struct claims *claims = calloc(1, sizeof(*claims));
	json_t *kept = claims ? c->ops->kept(c->host) : NULL;
	int ret;

	if (claims == NULL)
		return NULL;
	ret = weft_shares_init(&claims->shares, kept);
	json_decref(kept);
	claims->c = c;
	cluster_key(c, claims->record, "allot/shares/%s", c->name);
	cluster_key(c, claims->lead, "allot/lead");
	claims->wants = json_object();
	claims->allotter = allotter_new(c);
	claims->tick = evtimer_new(c->base, on_tick, claims);
	if (ret || !claims->allotter || !claims->tick) {
		claims_free(claims);
		return NULL;
	}
	cluster_after(claims->tick, SAMPLE_MS);
	return claims;
}

void
claims_free(struct claims *claims)
{
	if (claims == NULL)
		return;
	forget(claims);
	allotter_free(claims->allotter);
	weft_shares_fini(&claims->shares);
	json_decref(claims->wants);
	if (claims->tick)
		event_free(claims->tick);
	free(claims);
}
