// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "weft/engine.h"

#include "control/change/batch.h"
#include "control/change/bundle.h"
#include "control/change/history.h"
#include "control/change/precondition.h"
#include "restore.h"

#define SETTLE_MS 2000

static struct weft_local *local;
static struct weft_journal *journal;
static struct weft_history history;
static struct weft_write *waiting, **last = &waiting; // writes that have come since the event loop's last turn
static struct event *turn;

static void
remember(const json_t *record)
{
	// A host that was in a cluster has records without a time, which cannot be undone here.
	if (json_object_get(record, "time"))
		weft_history_add(&history, record);
}

// Waits until all workers use what is published. They do within microseconds, or when they wake up.
static void
settle(void)
{
	for (unsigned int us = 0; us < SETTLE_MS * 1000; us += 50) {
		if (weft_engine_poll() == 0 && weft_local_settled(local))
			return;
		usleep(50);
	}
	WEFT_LOG(WARNING, "event=not-settled version=%llu after_ms=%u", (unsigned long long)local->version, SETTLE_MS);
}

// Rewrites the journal: the records that can be undone, then the whole policy in one record.
static void
rewrite(void)
{
	json_t *records[WEFT_HISTORY_MAX + 1];
	struct weft_error err;
	unsigned int n = 0;

	for (unsigned int i = 0; i < history.n; i++)
		records[n++] = json_loads(history.entry[i].text, 0, NULL);
	records[n++] = weft_whole_record(local, local->generation);
	if (weft_journal_rewrite(journal, records, n, &err))
		WEFT_LOG(ERR, "event=journal error=\"%s\"", err.text);
	for (unsigned int i = 0; i < n; i++)
		json_decref(records[i]);
}

// Answers all writes in LIST with REPORT, which it frees. IN_FORCE_US: the time from the commit until all workers used
// the change.
static void
answer(struct weft_write *list, json_t *report, uint64_t in_force_us)
{
	json_object_set_new(report, "generation", json_integer(local->generation));
	json_object_set_new(report, "in_force_us", json_integer(in_force_us));
	while (list) {
		struct weft_write *write = list;

		list = write->next;
		write->done(write, json_deep_copy(report), false, NULL);
	}
	json_decref(report);
}

// Stores the prepared change, brings it into force, and answers the writes in LIST. Returns 0, or -errno with ERR and
// the change still prepared.
static int
store_prepared(struct weft_write *list, struct weft_error *err)
{
	const struct weft_changeset *set = weft_local_changes(local);
	json_t *report = weft_changeset_report(set);
	json_t *record = weft_record_new(local->generation + 1, list->who, list->note, set);
	uint64_t committed;
	int ret = set->n ? weft_journal_append(journal, record, err) : 0;

	if (ret) {
		json_decref(report);
	} else if (set->n) {
		weft_history_add(&history, record);
		committed = rte_rdtsc();
		weft_local_activate(local);
		settle();
		answer(list, report, (rte_rdtsc() - committed) * 1000000 / local->tsc_hz);
		if (weft_journal_is_long(journal))
			rewrite();
	} else {
		weft_local_abort(local);
		answer(list, report, 0);
	}
	json_decref(record);
	return ret;
}

// Makes CHANGES, which are those of all writes in LIST, one generation. Returns 0, or -errno with ERR, and then nothing
// has changed.
static int
commit(struct weft_write *list, const json_t *changes, struct weft_error *err)
{
	int ret = weft_local_prepare(local, changes, local->generation + 1, WEFT_PREPARE, err);

	if (ret)
		return ret;
	ret = store_prepared(list, err);
	if (ret) {
		weft_local_abort(local);
		settle();
	}
	return ret;
}

static void
commit_each(struct weft_write *list)
{
	struct weft_error err;

	while (list) {
		struct weft_write *write = list;

		list = write->next;
		write->next = NULL;
		if (weft_write_check(local->model, write, &err) || commit(write, write->changes, &err))
			write->done(write, NULL, false, &err);
	}
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct weft_write *list = waiting;
	struct weft_error err;
	json_t *changes;

	(void)fd, (void)what, (void)arg;
	waiting = NULL;
	last = &waiting;
	if (list == NULL || list->next == NULL) {
		commit_each(list);
		return;
	}
	changes = weft_batch_join(local->model, &list);
	// If the writes fail together, because a device or memory is missing, each is tried alone.
	if (list && commit(list, changes, &err))
		commit_each(list);
	json_decref(changes);
}

static void
file_submit(struct weft_write *write)
{
	write->next = NULL;
	*last = write;
	last = &write->next;
	event_active(turn, 0, 0);
}

static int
file_start(const struct weft_store_setup *setup, struct weft_error *err)
{
	local = setup->local;
	turn = event_new(setup->base, -1, 0, on_turn, NULL);
	if (turn == NULL)
		return weft_fail(err, ENOMEM, "no memory for the store");
	journal = weft_restore(local, setup->state_dir, remember, err);
	if (journal == NULL)
		return -errno;
	settle();
	if (weft_journal_is_long(journal))
		rewrite();
	return 0;
}

static void
file_stop(void)
{
	if (turn)
		event_free(turn);
	turn = NULL;
	while (waiting) {
		struct weft_write *write = waiting;

		waiting = write->next;
		weft_write_free(write);
	}
	last = &waiting;
	weft_journal_close(journal);
	journal = NULL;
	weft_history_clear(&history);
}

static void
file_view(weft_view_cb cb, void *arg)
{
	cb(arg, local->model, NULL);
}

static void
file_wait(uint64_t generation, uint32_t timeout_ms, weft_json_cb cb, void *arg)
{
	struct weft_error err;
	json_t *host;

	(void)timeout_ms;
	if (generation > local->generation) {
		weft_fail(&err, ENOENT, "there is no generation %llu yet; the latest is %llu",
			(unsigned long long)generation, (unsigned long long)local->generation);
		cb(arg, NULL, false, &err);
		return;
	}
	host = json_pack("{s:s, s:s, s:I, s:b}", "host", local->host, "state", "live", "applied",
		(json_int_t)local->generation, "concerned", 1);
	cb(arg,
		json_pack("{s:I, s:s, s:[o]}", "generation", (json_int_t)(generation ? generation : local->generation),
			"state", "applied", "hosts", host),
		false, NULL);
}

static void
file_generations(weft_json_cb cb, void *arg)
{
	cb(arg, weft_history_list(&history), false, NULL);
}

static void
file_record(uint64_t generation, weft_json_cb cb, void *arg)
{
	json_t *record = weft_history_get(&history, generation ? generation : local->generation);
	struct weft_error err;

	if (record == NULL)
		weft_fail(&err, ENOENT, "generation %llu is not in the journal; see 'weftctl generations'",
			(unsigned long long)generation);
	cb(arg, record, false, record ? NULL : &err);
}

static void
file_status(json_t *status)
{
	json_object_set_new(status, "store", json_string("file"));
}

const struct weft_store_ops weft_store_file = {
	.name = "file",
	.start = file_start,
	.stop = file_stop,
	.submit = file_submit,
	.view = file_view,
	.wait = file_wait,
	.generations = file_generations,
	.record = file_record,
	.status = file_status,
};
