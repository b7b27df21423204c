// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The host that allots is the one whose name is in the key "allot/lead", under its lease. It takes the key and reads all
// reports and records in one transaction. It writes records on the condition that the key has not changed since, so that
// a former allotter cannot write any more. If the outcome of a write is unknown, it takes the key again and reads
// everything anew.
#include "allotter.h"

#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"

#include "control/cluster/allot/allot.h"
#include "control/cluster/etcd/messages.h"
#include "control/cluster/etcd/watch.h"
#include "util.h"

#define GATHER_MS 2	  // reports that come within this time are answered together
#define STAND_MS  50	  // a host waits for a random time up to this before it stands for election
#define AGAIN_MS  200	  // before it stands again after a failure
#define ABSENT_MS 5000	  // between looks at the ports of hosts that have no lease
#define RECORDS	  TXN_OPS // in a transaction

struct allotter {
	struct weft_cluster *c;
	struct event *tick;
	struct weft_watch *watch; // of the reports
	struct weft_allot *allot; // NULL: this host does not allot
	int64_t term;		  // the revision at which this host was elected
	int64_t lead;		  // the revision at which the key last changed; 0: it does not exist
	char leader[128];	  // the host that allots, as "host/incarnation"
	bool known;		  // LEAD and LEADER have been read
	bool wanted;		  // this host has tenants with a rate
	bool busy;		  // a request is under way
	uint64_t absent_at;
	json_t *absent; // [[host, tenant]]: shares of hosts without a lease, to be looked at
};

static void
step_down(struct allotter *a)
{
	weft_watch_free(a->watch);
	a->watch = NULL;
	weft_allot_free(a->allot);
	a->allot = NULL;
	json_decref(a->absent);
	a->absent = NULL;
	cluster_after(a->tick, AGAIN_MS);
}

// Returns the host in TEXT, the key of a report or a record; valid until TEXT is freed.
static const char *
host_of(char *text)
{
	char *name = text ? strrchr(text, '/') : NULL;

	return name ? name + 1 : "";
}

static void
take(struct allotter *a, const json_t *kv, bool gone, void (*fn)(struct weft_allot *, const char *, const json_t *))
{
	char *key = weft_etcd_text(kv, "key");
	json_t *value = gone ? NULL : weft_etcd_json(kv);

	fn(a->allot, host_of(key), value);
	json_decref(value);
	free(key);
}

static void
take_all(struct allotter *a, const json_t *kvs, void (*fn)(struct weft_allot *, const char *, const json_t *))
{
	size_t i;
	json_t *kv;

	json_array_foreach ((json_t *)(uintptr_t)kvs, i, kv)
		take(a, kv, false, fn);
}

static void
on_reports(void *arg, const json_t *events)
{
	struct allotter *a = arg;
	size_t i;
	json_t *event;

	if (events == NULL) {
		step_down(a);
		return;
	}
	json_array_foreach ((json_t *)(uintptr_t)events, i, event)
		take(a, json_object_get(event, "kv"), json_object_get(event, "type") != NULL, weft_allot_report);
	cluster_after(a->tick, GATHER_MS);
}

static void
on_elected(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct allotter *a = arg;
	char reports[KEY_MAX];

	(void)code, (void)err;
	a->busy = false;
	cluster_after(a->tick, reply ? GATHER_MS : AGAIN_MS);
	if (reply == NULL || !weft_etcd_succeeded(reply))
		return;
	a->term = a->lead = weft_etcd_revision(reply);
	snprintf(a->leader, sizeof(a->leader), "%s", a->c->me);
	a->absent_at = weft_clock_ms() + ABSENT_MS;
	a->allot = weft_allot_new();
	if (a->allot == NULL)
		return;
	take_all(a, weft_etcd_txn_kvs(reply, 1), weft_allot_record);
	take_all(a, weft_etcd_txn_kvs(reply, 2), weft_allot_report);
	cluster_key(a->c, reports, "allot/wants/");
	a->watch = weft_watch_new(a->c->etcd, (const char *const[WEFT_WATCH_KEYS]){ reports }, true, a->term + 1,
		a->c->config->lease_s * 1000 / 3, on_reports, a);
	if (a->watch == NULL) {
		step_down(a);
		return;
	}
	WEFT_LOG(NOTICE, "event=allots host=%s", a->c->name);
}

static void
stand(struct allotter *a)
{
	char lead[KEY_MAX], records[KEY_MAX], reports[KEY_MAX];
	json_t *txn, *me = json_pack("{s:s}", "host", a->c->me);

	cluster_key(a->c, lead, "allot/lead");
	cluster_key(a->c, records, "allot/shares/");
	cluster_key(a->c, reports, "allot/wants/");
	txn = weft_etcd_txn(lead, a->lead);
	weft_etcd_txn_put(txn, weft_etcd_put_json(lead, me, a->c->lease));
	weft_etcd_txn_range(txn, weft_etcd_range(records, true, false, 0));
	weft_etcd_txn_range(txn, weft_etcd_range(reports, true, false, 0));
	json_decref(me);
	a->busy = true;
	weft_etcd_call(a->c->etcd, "kv/txn", txn, on_elected, a);
}

static void
on_written(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct allotter *a = arg;

	(void)code, (void)err;
	a->busy = false;
	if (reply && weft_etcd_succeeded(reply))
		cluster_after(a->tick, 0);
	else
		step_down(a);
}

static bool
write_records(struct allotter *a)
{
	char key[KEY_MAX];
	const char *host;
	json_t *record, *txn = NULL;

	for (unsigned int n = 0; n < RECORDS && (record = weft_allot_next(a->allot, &host)) != NULL; n++) {
		cluster_key(a->c, key, "allot/lead");
		if (txn == NULL)
			txn = weft_etcd_txn(key, a->term);
		cluster_key(a->c, key, "allot/shares/%s", host);
		weft_etcd_txn_put(txn, weft_etcd_put_json(key, record, 0));
		json_decref(record);
	}
	if (txn == NULL)
		return false;
	a->busy = true;
	weft_etcd_call(a->c->etcd, "kv/txn", txn, on_written, a);
	return true;
}

// The reply says whether the host that is first in the list still has ports of the tenant.
static void
on_ports(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct allotter *a = arg;
	const json_t *first = json_array_get(a->absent, 0);

	(void)code, (void)err;
	a->busy = false;
	if (a->allot && first && reply && json_array_size(weft_etcd_kvs(reply)) == 0)
		weft_allot_forget(a->allot, json_string_value(json_array_get(first, 0)),
			json_string_value(json_array_get(first, 1)));
	json_array_remove(a->absent, 0);
	cluster_after(a->tick, 0);
}

static void
note_absent(void *arg, const char *host, const char *tenant)
{
	json_array_append_new(arg, json_pack("[s, s]", host, tenant));
}

// A host without a lease keeps its share until its ports have moved or been deleted.
static void
look_after_absent(struct allotter *a)
{
	const json_t *first;
	char key[KEY_MAX];

	if (json_array_size(a->absent) == 0 && weft_clock_ms() >= a->absent_at) {
		a->absent_at = weft_clock_ms() + ABSENT_MS;
		json_decref(a->absent);
		a->absent = json_array();
		weft_allot_absent(a->allot, note_absent, a->absent);
		weft_allot_tidy(a->allot);
	}
	first = json_array_get(a->absent, 0);
	if (first == NULL) {
		cluster_after(a->tick, ABSENT_MS);
		return;
	}
	cluster_key(a->c, key, "at/%s/%s/", json_string_value(json_array_get(first, 0)),
		json_string_value(json_array_get(first, 1)));
	a->busy = true;
	weft_etcd_call(a->c->etcd, "kv/range", weft_etcd_range(key, true, true, 0), on_ports, a);
}

static bool
may_stand(const struct allotter *a)
{
	return a->wanted && a->known && !a->allot && !a->busy && a->c->lease && !a->c->fenced &&
	       (a->lead == 0 || strcmp(a->leader, a->c->me) == 0);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct allotter *a = arg;

	(void)fd, (void)what;
	if (a->busy)
		return;
	if (a->allot) {
		if (!write_records(a))
			look_after_absent(a);
	} else if (may_stand(a)) {
		stand(a);
	}
}

void
allotter_lead(struct allotter *a, const json_t *kv, int64_t revision)
{
	const char *leader;
	json_t *value;

	a->known = true;
	if (revision <= a->lead || (a->allot && revision <= a->term))
		return;
	value = kv ? weft_etcd_json(kv) : NULL;
	a->lead = kv ? revision : 0;
	leader = json_string_value(json_object_get(value, "host"));
	snprintf(a->leader, sizeof(a->leader), "%s", leader ? leader : "");
	json_decref(value);
	if (a->allot)
		step_down(a);
}

void
allotter_want(struct allotter *a, bool wanted)
{
	a->wanted = wanted;
	if (may_stand(a) && !evtimer_pending(a->tick, NULL))
		cluster_after(a->tick, 1 + cluster_random(STAND_MS));
}

void
allotter_session(struct allotter *a)
{
	if (a->allot)
		step_down(a);
}

const char *
allotter_leader(const struct allotter *a)
{
	return a->leader;
}

struct allotter *
allotter_new(struct weft_cluster *c)
{
	struct allotter *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->c = c;
	a->tick = evtimer_new(c->base, on_tick, a);
	if (a->tick == NULL) {
		free(a);
		return NULL;
	}
	return a;
}

void
allotter_free(struct allotter *a)
{
	if (a == NULL)
		return;
	weft_watch_free(a->watch);
	weft_allot_free(a->allot);
	json_decref(a->absent);
	event_free(a->tick);
	free(a);
}
