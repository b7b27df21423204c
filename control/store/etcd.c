// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weft/clock.h"
#include "weft/engine.h"
#include "weft/file.h"

#include "control/host/tenant_rate.h"
#include "control/cluster/cluster.h"
#include "control/cluster/questions.h"
#include "control/journal/side_file.h"
#include "restore.h"

#define CLUSTER_ADVICE "move the file away to join the cluster anew"

static struct weft_local *local;
static struct weft_journal *journal;
static const char *state_dir;
static struct weft_cluster *cluster;
static json_t *unsaved;	  // changes that are in force and not in the journal yet
static char known_id[32]; // of the cluster that the host followed last; empty: none

static const struct weft_model *
host_model(void *host)
{
	(void)host;
	return local->model;
}

// A number of the cluster for stamps on frames, from its ID; 0: the ID is not known yet.
static uint32_t
cluster_number(const char *id)
{
	uint64_t number = strtoull(id, NULL, 10);

	return number ? (uint32_t)(number ^ number >> 32) | 1 : 0;
}

static int
host_prepare(void *host, const json_t *changes, uint64_t generation, bool tolerant, struct weft_error *err)
{
	local->cluster = cluster_number(weft_cluster_id(cluster));
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

// The file is replaced as a whole: half an id would be another cluster's.
static void
save_cluster_id(void)
{
	const char *id = weft_cluster_id(cluster);
	char path[300], new[310];
	FILE *f;
	bool ok;

	if (id[0] == 0 || strcmp(id, known_id) == 0)
		return;
	snprintf(path, sizeof(path), "%s/cluster", state_dir);
	snprintf(new, sizeof(new), "%s.new", path);
	unlink(new);
	f = fopen(new, "wxe");
	ok = f && fprintf(f, "%s\n", id) > 0 && fflush(f) == 0 && fdatasync(fileno(f)) == 0;
	ok = (f == NULL || fclose(f) == 0) && ok && rename(new, path) == 0;
	if (ok)
		snprintf(known_id, sizeof(known_id), "%s", id);
	else
		WEFT_LOG(ERR, "event=cluster-id file=%s errno=%d", path, errno);
}

static int
host_persist(void *host, uint64_t generation, struct weft_error *err)
{
	json_t *record;
	int ret;

	(void)host;
	save_cluster_id();
	record = json_pack("{s:I, s:O}", "generation", (json_int_t)generation, "changes", unsaved);
	ret = weft_journal_append(journal, record, err);
	json_decref(record);
	if (ret)
		return ret;
	json_object_clear(unsaved);
	if (weft_journal_is_long(journal)) {
		record = weft_whole_record(local, generation);
		ret = weft_journal_rewrite(journal, &record, 1, err);
		json_decref(record);
	}
	return ret;
}

// If the thread is interrupted between the two clock readings, the fence comes early, not late.
static void
host_fence_at(void *host, uint64_t ms)
{
	uint64_t tsc = rte_rdtsc(), now = weft_clock_ms();

	(void)host;
	weft_engine_fence_at(ms > now ? tsc + (ms - now) * (local->tsc_hz / 1000) : 0);
}

static json_t *
host_wants(void *host)
{
	return weft_tenant_rate_wants(host);
}

static void
host_allot(void *host)
{
	weft_tenant_rate_update(host);
}

static int
host_keep(void *host, const json_t *kept, bool sync)
{
	(void)host;
	return weft_side_file_write(state_dir, "shares", kept, sync);
}

static json_t *
host_kept(void *host)
{
	struct weft_error err;
	json_t *kept = weft_side_file_read(state_dir, "shares", &err);

	(void)host;
	// Without its shares the host sends less until the cluster has told them again.
	if (kept == NULL)
		WEFT_LOG(ERR, "event=shares error=\"%s\"", err.text);
	return kept;
}

static int32_t
share(const char *tenant, int32_t *kept)
{
	return weft_cluster_share(cluster, tenant, kept);
}

static const struct weft_cluster_ops ops = {
	.model = host_model,
	.prepare = host_prepare,
	.activate = host_activate,
	.abort = host_abort,
	.settled = host_settled,
	.persist = host_persist,
	.fence_at = host_fence_at,
	.wants = host_wants,
	.allot = host_allot,
	.keep = host_keep,
	.kept = host_kept,
};

// Reads the id of the cluster that this host follows. Returns 0, or -errno with ERR.
static int
load_cluster_id(struct weft_error *err)
{
	char path[300];
	const char *why;
	size_t size, len;
	char *text;

	snprintf(path, sizeof(path), "%s/cluster", state_dir);
	text = weft_file_read(path, sizeof(known_id), &size, &why);
	if (text == NULL && errno == ENOENT)
		return 0;
	if (text == NULL)
		return weft_fail(err, errno, "cannot read %s: %s; " CLUSTER_ADVICE, path, why);
	len = strspn(text, "0123456789");
	if (len && len < sizeof(known_id) && strcmp(text + len, "\n") == 0)
		snprintf(known_id, sizeof(known_id), "%.*s", (int)len, text);
	else
		weft_fail(err, EBADMSG, "%s: expected the number of a cluster; " CLUSTER_ADVICE, path);
	free(text);
	return known_id[0] ? 0 : -EBADMSG;
}

// Checks the files for the connection to etcd that are there, once: later they are opened again and again.
static int
check_files(const struct weft_etcd_config *etcd, struct weft_error *err)
{
	const char *const files[] = { etcd->ca, etcd->cert, etcd->key, etcd->password_file };
	struct stat st;

	for (unsigned int i = 0; i < RTE_DIM(files); i++) {
		const char *why = files[i][0] && stat(files[i], &st) == 0 ? weft_file_type(st.st_mode) : NULL;

		if (why)
			return weft_fail(err, EINVAL, "etcd: cannot read %s: %s", files[i], why);
	}
	return 0;
}

static int
etcd_start(const struct weft_store_setup *setup, struct weft_error *err)
{
	int ret;

	local = setup->local;
	state_dir = setup->state_dir;
	// This host has not heard of the cluster yet.
	weft_engine_fence_at(0);
	if ((ret = load_cluster_id(err)) || (ret = check_files(setup->etcd, err)))
		return ret;
	local->cluster = cluster_number(known_id);
	local->share = share;
	// The last known good generation is in force before the cluster is even asked.
	journal = weft_restore(local, state_dir, NULL, err);
	if (journal == NULL)
		return -errno;
	unsaved = json_object();
	// Generations that the host has counted on its own, before it was in a cluster, do not count.
	cluster = weft_cluster_new(
		setup->base, setup->etcd, local->host, known_id, known_id[0] ? local->generation : 0, &ops, local, err);
	if (cluster == NULL)
		return -ENOMEM;
	// The cluster has read the shares that were kept before the restart.
	weft_tenant_rate_update(local);
	// For the tests: their history checker must find the errors that occur without the barrier.
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
	weft_journal_close(journal);
	journal = NULL;
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
