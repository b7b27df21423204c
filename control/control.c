// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The control thread's life.
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>

#include "state.h"

#define TICK_MS	    100
#define RETRY_TICKS 50 // between two attempts to open what failed

struct weft_state ctl;

// Opens what failed before, now that its device may be there.
static void
retry_failed(void)
{
	json_t *nothing = json_object(), *changes = NULL;
	struct weft_error err;

	if (weft_apply(nothing, WEFT_APPLY, &changes, &err) == 0)
		json_decref(changes);
	json_decref(nothing);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	static unsigned int ticks;

	(void)fd, (void)what, (void)arg;
	weft_engine_poll();
	if (++ticks % RETRY_TICKS == 0 && json_object_size(ctl.failed))
		retry_failed();
	// Asking a device for its state also tells the workers whether its link is up.
	for (unsigned int i = 0; ctl.model && i < ctl.model->n_ports; i++) {
		const struct weft_port *port = &ctl.model->ports[i];
		struct weft_io_status status;

		if (port->attach.type == WEFT_ATTACH_ETH)
			weft_engine_port_status(weft_placement_find(&ctl.placement, port->path), &status);
	}
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	event_base_loopbreak(ctl.base);
}

static int
apply_file(const char *path, struct weft_error *err)
{
	json_t *bundle = weft_json_load_file(path, err), *changes = NULL;
	int ret = bundle ? weft_apply(bundle, WEFT_APPLY, &changes, err) : -errno;

	json_decref(bundle);
	if (ret == 0)
		json_decref(changes);
	return ret;
}

// What was applied before is in force before the first packet, then the policy file, which wins.
static int
restore(struct weft_error *err)
{
	json_t *tree, *changes = NULL;
	int ret = weft_store_load(ctl.config.state_dir, &tree, err);

	if (ret == 0 && tree) {
		ret = weft_apply(tree, WEFT_APPLY_RESTORE, &changes, err);
		json_decref(tree);
		if (ret == 0)
			json_decref(changes);
	}
	if (ret == 0 && ctl.config.policy[0])
		ret = apply_file(ctl.config.policy, err);
	return ret;
}

static int
serve(struct weft_error *err)
{
	const struct timeval tick = { .tv_usec = TICK_MS * 1000 };
	struct event *timer = event_new(ctl.base, -1, EV_PERSIST, on_tick, NULL);
	struct event *term = evsignal_new(ctl.base, SIGTERM, on_signal, NULL);
	struct event *intr = evsignal_new(ctl.base, SIGINT, on_signal, NULL);
	int ret;

	if (!timer || !term || !intr)
		return weft_fail(err, ENOMEM, "no memory for the control thread");
	event_add(timer, &tick);
	event_add(term, NULL);
	event_add(intr, NULL);
	ret = restore(err);
	if (ret == 0)
		ret = weft_server_start(err);
	if (ret == 0) {
		WEFT_LOG(INFO, "event=ready socket=%s ports=%u", ctl.config.socket, ctl.model ? ctl.model->n_ports : 0);
		event_base_dispatch(ctl.base);
	}
	weft_server_stop();
	event_free(timer);
	event_free(term);
	event_free(intr);
	return ret;
}

int
weft_control_run(const struct weft_config *config, struct weft_error *err)
{
	struct timespec now;
	int ret;

	clock_gettime(CLOCK_REALTIME, &now);
	ctl.config = *config;
	ctl.start_us = now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
	ctl.tsc_hz = rte_get_tsc_hz();
	ctl.version = weft_engine_snapshot()->version;
	ctl.placement.domains = json_object();
	ctl.placement.index = json_object();
	ctl.failed = json_object();
	ctl.base = event_base_new();
	if (!ctl.placement.domains || !ctl.placement.index || !ctl.failed || !ctl.base)
		return weft_fail(err, ENOMEM, "no memory for the control thread");
	signal(SIGPIPE, SIG_IGN);
	ret = serve(err);
	weft_model_free(ctl.model);
	json_decref(ctl.placement.domains);
	json_decref(ctl.placement.index);
	json_decref(ctl.failed);
	event_base_free(ctl.base);
	return ret;
}
