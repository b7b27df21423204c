// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "life.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "weft/clock.h"

#include "control/base/json.h"
#include "control/change/bundle.h"
#include "control/vf/drift.h"
#include "control/vf/provision.h"
#include "control/api/events.h"
#include "control/api/server.h"
#include "control/api/methods.h"
#include "control/report/rule_log.h"
#include "control/state/state.h"
#include "watchdog.h"
#include "control/host/watch.h"

#define TICK_MS	    100
#define RETRY_TICKS 50 // between two attempts to open devices that did not open
#define DRIFT_TICKS 5  // between two checks of what PFs enforce; the kernel sends notices of most changes

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	static unsigned int ticks;

	(void)fd, (void)what, (void)arg;
	weft_engine_poll();
	weft_rule_log_flush();
	weft_engine_offload();
	weft_events_tick(TICK_MS);
	if (ticks % RETRY_TICKS == 0)
		weft_provision_watch();
	if (++ticks % RETRY_TICKS == 0)
		weft_watch_retry(&weft_ctl.local);
	if (ticks % DRIFT_TICKS == 0)
		weft_drift_check();
	weft_watch_links(&weft_ctl.local);
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	event_base_loopbreak(weft_ctl.base);
}

static void
on_policy(struct weft_write *write, json_t *result, bool late, const struct weft_error *err)
{
	(void)late;
	if (result == NULL)
		*(struct weft_error *)write->arg = *err;
	json_decref(result);
	weft_write_free(write);
}

// Applies the policy file; its objects replace those that were applied before.
static int
apply_file(const char *path, struct weft_error *err)
{
	static struct weft_error failure;
	json_t *bundle = weft_json_load_file(path, err), *changes = bundle ? weft_bundle_changes(bundle, err) : NULL;
	struct weft_write *write = changes ? calloc(1, sizeof(*write)) : NULL;

	json_decref(bundle);
	if (write == NULL) {
		json_decref(changes);
		return -EINVAL;
	}
	*write = (struct weft_write){
		.changes = changes, .done = on_policy, .arg = &failure, .who = "weftd", .note = "policy file"
	};
	weft_ctl.store->submit(write);
	// On a host on its own the file is in force before weftd says that it is ready.
	event_base_loop(weft_ctl.base, EVLOOP_NONBLOCK);
	if (failure.text[0])
		return weft_fail(err, EINVAL, "%.200s: %.280s", path, failure.text);
	return 0;
}

static int
serve(struct weft_error *err)
{
	const struct timeval tick = { .tv_usec = TICK_MS * 1000 };
	struct event *timer = event_new(weft_ctl.base, -1, EV_PERSIST, on_tick, NULL);
	struct event *term = evsignal_new(weft_ctl.base, SIGTERM, on_signal, NULL);
	struct event *intr = evsignal_new(weft_ctl.base, SIGINT, on_signal, NULL);
	const struct weft_store_setup setup = { .base = weft_ctl.base,
		.local = &weft_ctl.local,
		.state_dir = weft_ctl.config.state_dir,
		.etcd = &weft_ctl.config.etcd };
	int ret;

	if (!timer || !term || !intr)
		return weft_fail(err, ENOMEM, "no memory for the control thread");
	event_add(timer, &tick);
	event_add(term, NULL);
	event_add(intr, NULL);
	if (weft_watch_start(weft_ctl.base, &weft_ctl.local))
		WEFT_LOG(WARNING, "event=netlink error=\"the kernel's routes cannot be followed\"");
	if (weft_drift_start(weft_ctl.base, weft_ctl.local.model))
		WEFT_LOG(WARNING, "event=netlink error=\"the kernel's links cannot be followed\"");
	ret = weft_provision_restore(weft_ctl.config.state_dir, err);
	if (ret == 0)
		ret = weft_ctl.store->start(&setup, err);
	if (ret == 0 && weft_ctl.config.policy[0])
		ret = apply_file(weft_ctl.config.policy, err);
	if (ret == 0)
		ret = weft_server_start(weft_method_run, err);
	if (ret == 0) {
		WEFT_LOG(INFO, "event=ready socket=%s host=%s store=%s generation=%llu ports=%u",
			weft_ctl.config.socket, weft_ctl.local.host, weft_ctl.store->name,
			(unsigned long long)weft_ctl.local.generation,
			weft_model_count(weft_ctl.local.model, &weft_kind_port));
		weft_watchdog_start(weft_ctl.base);
		event_base_dispatch(weft_ctl.base);
		weft_watchdog_stop();
	}
	weft_server_stop();
	weft_ctl.store->stop();
	weft_watch_stop();
	weft_drift_stop();
	event_free(timer);
	event_free(term);
	event_free(intr);
	return ret;
}

int
weft_control_run(const struct weft_config *config, struct weft_error *err)
{
	int ret;

	weft_ctl.config = *config;
	weft_ctl.start_us = weft_clock_wall_us();
	snprintf(weft_ctl.local.host, sizeof(weft_ctl.local.host), "%s", config->host);
	weft_ctl.store = config->etcd.n_endpoints ? &weft_store_etcd : &weft_store_file;
	weft_ctl.local.alone = config->etcd.n_endpoints == 0;
	weft_ctl.local.tsc_hz = rte_get_tsc_hz();
	weft_ctl.local.budget = (size_t)config->policy_memory_mb << 20;
	weft_ctl.local.version = weft_engine_snapshot()->version;
	weft_ctl.base = event_base_new();
	if (weft_local_init(&weft_ctl.local, config->vhost_dir) || !weft_ctl.base)
		return weft_fail(err, ENOMEM, "no memory for the control thread");
	signal(SIGPIPE, SIG_IGN);
	ret = serve(err);
	weft_local_fini(&weft_ctl.local);
	event_base_free(weft_ctl.base);
	return ret;
}
