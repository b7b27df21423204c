// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The store of a cluster: etcd. What is in force on this host is also kept in its journal, so that it is in force again
// after a restart, before the first packet, whether the cluster can be reached or not.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"
#include "cluster/cluster.h"
#include "state.h"

static struct weft_cluster *cluster;
static json_t *unsaved; // changes that are in force and not in the journal yet
static char known_id[32];

static const struct weft_model *
host_model(void *host)
{
	const struct weft_local *local = host;

	return local->model;
}

static int
host_prepare(void *host, const json_t *changes, uint64_t generation, bool tolerant, struct weft_error *err)
{
	return weft_local_prepare(host, changes, generation, tolerant ? WEFT_PREPARE_RESTORE : WEFT_PREPARE, err);
}

static void
host_activate(void *host)
{
	json_t *changes = weft_changeset_forward(weft_local_changes(host));

	json_object_update(unsaved, changes);
	json_decref(changes);
	weft_local_activate(host);
}

static void
host_abort(void *host)
{
	weft_local_abort(host);
}

static bool
host_settled(void *host)
{
	weft_engine_poll();
	return weft_local_settled(host);
}

static json_t *
whole_record(uint64_t generation)
{
	json_t *bundle = weft_local_bundle(&ctl.local), *changes;
	struct weft_error err;

	changes = weft_bundle_changes(bundle, &err);
	json_decref(bundle);
	return json_pack("{s:I, s:o}", "generation", (json_int_t)generation, "objects", changes);
}

static void
save_cluster_id(void)
{
	const char *id = weft_cluster_id(cluster);
	char path[300];
	FILE *f;

	if (id[0] == 0 || strcmp(id, known_id) == 0)
		return;
	snprintf(path, sizeof(path), "%s/cluster", ctl.config.state_dir);
	f = fopen(path, "w");
	if (f == NULL || fprintf(f, "%s\n", id) < 0)
		WEFT_LOG(ERR, "event=cluster-id file=%s errno=%d", path, errno);
	else
		snprintf(known_id, sizeof(known_id), "%s", id);
	if (f)
		fclose(f);
}

static int
host_persist(void *host, uint64_t generation, struct weft_error *err)
{
	json_t *record;
	int ret;

	(void)host;
	save_cluster_id();
	record = json_pack("{s:I, s:O}", "generation", (json_int_t)generation, "changes", unsaved);
	ret = weft_journal_append(ctl.journal, record, err);
	json_decref(record);
	if (ret)
		return ret;
	json_object_clear(unsaved);
	if (weft_journal_is_long(ctl.journal)) {
		record = whole_record(generation);
		ret = weft_journal_rewrite(ctl.journal, &record, 1, err);
		json_decref(record);
	}
	return ret;
}

static void
host_fence(void *host, bool fenced)
{
	struct weft_local *local = host;
	struct weft_error err;

	local->fenced = fenced;
	// What is prepared was compiled for the other case.
	if (local->prepared || weft_local_republish(local, true, &err) == 0)
		return;
	WEFT_LOG(ERR, "event=fence error=\"%s\"", err.text);
}

static const struct weft_cluster_ops ops = {
	.model = host_model,
	.prepare = host_prepare,
	.activate = host_activate,
	.abort = host_abort,
	.settled = host_settled,
	.persist = host_persist,
	.fence = host_fence,
};

static int
replay(void *arg, json_t *record, struct weft_error *err)
{
	json_t *state = arg, *objects = json_object_get(record, "objects"), *value;
	const char *key;

	(void)err;
	json_object_set(state, "generation", json_object_get(record, "generation"));
	if (objects) {
		json_object_set(state, "objects", objects);
		return 0;
	}
	json_object_foreach (json_object_get(record, "changes"), key, value) {
		if (json_is_null(value))
			json_object_del(json_object_get(state, "objects"), key);
		else
			json_object_set(json_object_get(state, "objects"), key, value);
	}
	return 0;
}

// The last known good generation is in force before the cluster is even asked.
static int
restore(struct weft_error *err)
{
	json_t *state = json_pack("{s:i, s:{}}", "generation", 0, "objects");
	uint64_t generation;
	int ret = 0;

	ctl.journal = weft_journal_open(ctl.config.state_dir, replay, state, err);
	if (ctl.journal == NULL) {
		json_decref(state);
		return -errno;
	}
	generation = json_integer_value(json_object_get(state, "generation"));
	if (generation) {
		ret = weft_local_prepare(
			&ctl.local, json_object_get(state, "objects"), generation, WEFT_PREPARE_RESTORE, err);
		if (ret == 0)
			weft_local_activate(&ctl.local);
	}
	json_decref(state);
	return ret;
}

static void
load_cluster_id(void)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cluster", ctl.config.state_dir);
	f = fopen(path, "r");
	if (f == NULL)
		return;
	if (fgets(known_id, sizeof(known_id), f))
		known_id[strcspn(known_id, "\n")] = 0;
	fclose(f);
}

static int
etcd_start(struct weft_error *err)
{
	int ret = restore(err);

	if (ret)
		return ret;
	load_cluster_id();
	unsaved = json_object();
	cluster = weft_cluster_new(
		ctl.base, &ctl.config.etcd, ctl.config.host, known_id, ctl.local.generation, &ops, &ctl.local, err);
	if (cluster == NULL)
		return -ENOMEM;
	// The tests' history checker must find what goes wrong without the barrier.
	if (getenv("WEFT_BREAK_BARRIER"))
		weft_cluster_break_barrier(cluster);
	return 0;
}

static void
etcd_stop(void)
{
	weft_cluster_free(cluster);
	cluster = NULL;
	json_decref(unsaved);
	weft_journal_close(ctl.journal);
	ctl.journal = NULL;
}

static void
etcd_submit(struct weft_write *write)
{
	weft_cluster_submit(cluster, write);
}

static void
etcd_view(weft_view_cb cb, void *arg)
{
	weft_cluster_view(cluster, cb, arg);
}

static void
etcd_wait(uint64_t generation, uint32_t timeout_ms, weft_json_cb cb, void *arg)
{
	weft_cluster_wait(cluster, generation, timeout_ms, cb, arg);
}

static void
etcd_generations(weft_json_cb cb, void *arg)
{
	weft_cluster_generations(cluster, cb, arg);
}

static void
etcd_record(uint64_t generation, weft_json_cb cb, void *arg)
{
	weft_cluster_record(cluster, generation, cb, arg);
}

static void
etcd_status(json_t *status)
{
	json_object_set_new(status, "store", json_string("etcd"));
	json_object_set_new(status, "generation", json_integer(weft_cluster_generation(cluster)));
	weft_cluster_status(cluster, status);
}

const struct weft_store_ops weft_store_etcd = {
	.name = "etcd",
	.start = etcd_start,
	.stop = etcd_stop,
	.submit = etcd_submit,
	.view = etcd_view,
	.wait = etcd_wait,
	.generations = etcd_generations,
	.record = etcd_record,
	.status = etcd_status,
};
