// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "questions.h"

#include <errno.h>
#include <stdlib.h>

#include "control/cluster/etcd/messages.h"
#include "acks.h"
#include "claims.h"
#include "driver.h"
#include "impl.h"
#include "load.h"
#include "util.h"
#include "view.h"

#define MAX_LOG 200 // the most generations in a list

struct question {
	struct weft_cluster *c;
	uint64_t generation;
	uint32_t timeout_ms;
	weft_json_cb cb;
	void *arg;
};

static struct question *
new_question(struct weft_cluster *c, weft_json_cb cb, void *arg)
{
	struct question *q = c->synced ? calloc(1, sizeof(*q)) : NULL;
	struct weft_error err;

	if (q) {
		*q = (struct question){ .c = c, .cb = cb, .arg = arg };
		return q;
	}
	cluster_unavailable(c, &err);
	cb(arg, NULL, false, &err);
	return NULL;
}

void
weft_cluster_submit(struct weft_cluster *c, struct weft_write *write)
{
	driver_submit(c->driver, write);
}

void
weft_cluster_view(struct weft_cluster *c, weft_view_cb cb, void *arg)
{
	view_read(c, cb, arg);
}

int32_t
weft_cluster_share(const struct weft_cluster *c, const char *tenant, int32_t *kept)
{
	*kept = 0;
	return c && c->claims ? claims_share(c->claims, tenant, kept) : 0;
}

static void
on_log(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct question *q = arg;
	json_t *log = weft_etcd_json(json_array_get(weft_etcd_kvs(reply), 0)), *hosts = json_object_get(log, "hosts");
	json_t *none = json_array();

	(void)code;
	if (reply == NULL)
		q->cb(q->arg, NULL, false, err);
	else
		acks_wait(q->c->acks, q->generation, q->timeout_ms, hosts ? hosts : none, q->cb, q->arg);
	json_decref(none);
	json_decref(log);
	free(q);
}

// The publication has been read anew, because this host does not hear of generations that do not concern it.
static void
on_latest(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct question *q = arg;
	struct weft_error late;
	char key[KEY_MAX];
	uint64_t latest;

	(void)code;
	if (reply && !view_see_publication(q->c, json_array_get(weft_etcd_kvs(reply), 0), weft_etcd_revision(reply))) {
		q->cb(q->arg, NULL, false, &q->c->bad);
		free(q);
		return;
	}
	latest = publication_in_force(&q->c->last);
	if (reply && q->generation <= latest) {
		q->generation = q->generation ? q->generation : latest;
		cluster_key(q->c, key, "log/%020llu", (unsigned long long)q->generation);
		weft_etcd_call(q->c->etcd, "kv/range", weft_etcd_range(key, false, false, 0), on_log, q);
		return;
	}
	if (reply)
		weft_fail(&late, ENOENT, "there is no generation %llu yet; the latest is %llu",
			(unsigned long long)q->generation, (unsigned long long)latest);
	q->cb(q->arg, NULL, false, reply ? &late : err);
	free(q);
}

void
weft_cluster_wait(struct weft_cluster *c, uint64_t generation, uint32_t timeout_ms, weft_json_cb cb, void *arg)
{
	struct question *q = new_question(c, cb, arg);
	char key[KEY_MAX];

	if (q == NULL)
		return;
	q->generation = generation;
	q->timeout_ms = generation ? timeout_ms : 0;
	cluster_key(c, key, "publish");
	weft_etcd_call(c->etcd, "kv/range", weft_etcd_range(key, false, false, 0), on_latest, q);
}

static void
on_logs(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct question *q = arg;
	json_t *list = json_array(), *kv;
	size_t i;

	(void)code;
	json_array_foreach ((json_t *)(uintptr_t)weft_etcd_kvs(reply), i, kv) {
		json_t *log = weft_etcd_json(kv);

		if (json_is_object(log))
			json_array_append(list, log);
		json_decref(log);
	}
	if (reply == NULL) {
		json_decref(list);
		list = NULL;
	}
	q->cb(q->arg, list, false, err);
	free(q);
}

void
weft_cluster_generations(struct weft_cluster *c, weft_json_cb cb, void *arg)
{
	struct question *q = new_question(c, cb, arg);
	char key[KEY_MAX];
	json_t *range;

	if (q == NULL)
		return;
	cluster_key(c, key, "log/");
	range = weft_etcd_range(key, true, false, 0);
	json_object_set_new(range, "limit", json_sprintf("%d", MAX_LOG));
	json_object_set_new(range, "sort_order", json_string("DESCEND"));
	json_object_set_new(range, "sort_target", json_string("KEY"));
	weft_etcd_call(c->etcd, "kv/range", range, on_logs, q);
}

static void
on_record(struct weft_cluster *c, void *arg, json_t *record)
{
	struct question *q = arg;
	struct weft_error err;

	(void)c;
	if (record == NULL)
		weft_fail(&err, ENOENT, "generation %llu is not in the cluster's log; see 'weftctl generations'",
			(unsigned long long)q->generation);
	q->cb(q->arg, record, false, record ? NULL : &err);
	free(q);
}

void
weft_cluster_record(struct weft_cluster *c, uint64_t generation, weft_json_cb cb, void *arg)
{
	struct question *q = new_question(c, cb, arg);

	if (q == NULL)
		return;
	q->generation = generation ? generation : publication_in_force(&c->last);
	load_record(c, q->generation, on_record, q);
}
