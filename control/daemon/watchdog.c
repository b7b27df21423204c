// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "watchdog.h"

#include <systemd/sd-daemon.h>

#include "weft/engine.h"

static struct event *timer;
static uint64_t loops[WEFT_MAX_WORKERS]; // of the worker, at the last check

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	bool alive = true;

	(void)fd, (void)what, (void)arg;
	for (uint16_t w = 0; w < weft_engine_n_workers(); w++) {
		struct weft_stage_stats stages[WEFT_N_STAGES];
		struct weft_worker_stats stats;

		weft_engine_worker_stats(w, &stats, stages);
		if (stats.loops == loops[w]) {
			WEFT_LOG(ERR, "event=worker-stands-still worker=%u", w);
			alive = false;
		}
		loops[w] = stats.loops;
	}
	if (alive)
		sd_notify(0, "WATCHDOG=1");
}

void
weft_watchdog_start(struct event_base *base)
{
	struct timeval each;
	uint64_t us;

	if (sd_watchdog_enabled(0, &us) > 0 && (timer = event_new(base, -1, EV_PERSIST, on_timer, NULL)) != NULL) {
		each = (struct timeval){ .tv_sec = us / 3 / 1000000, .tv_usec = us / 3 % 1000000 };
		event_add(timer, &each);
	}
	sd_notify(0, "READY=1");
}

void
weft_watchdog_stop(void)
{
	sd_notify(0, "STOPPING=1");
	if (timer)
		event_free(timer);
	timer = NULL;
}
