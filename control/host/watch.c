// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "weft/engine.h"

#include "kernel.h"
#include "uplinks.h"

#define PROBE_S 5 // between two times that the kernel checks that next hops are there

static struct {
	struct mnl_socket *notices;
	struct event *heard, *probe;
	struct weft_local *local;
} watch;

static void
on_probe(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	if (weft_kernel_shares_uplink(watch.local))
		weft_kernel_probe(watch.local);
}

// The kernel has sent a notice: routes may lead elsewhere, and neighbours may have other MACs.
static void
on_notice(evutil_socket_t fd, short what, void *arg)
{
	static char buffer[32768];
	struct weft_local *local = watch.local;
	struct weft_error err;
	ssize_t n;

	(void)fd, (void)what, (void)arg;
	// Notices may be many, or lost: the kernel is asked for everything once.
	do
		n = mnl_socket_recvfrom(watch.notices, buffer, sizeof(buffer));
	while (n > 0 || (n < 0 && (errno == ENOBUFS || errno == EINTR)));
	if (weft_kernel_differs(local) && !local->prepared) {
		local->rerouted = true;
		if (weft_local_republish(local, false, &err))
			WEFT_LOG(ERR, "event=routes error=\"%s\"", err.text);
		local->rerouted = false;
	}
	weft_kernel_tell(local);
}

int
weft_watch_start(struct event_base *base, struct weft_local *local)
{
	const unsigned int groups =
		RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
	const struct timeval each = { .tv_sec = PROBE_S };
	int ret = weft_kernel_open();

	watch.local = local;
	watch.notices = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (ret == 0 && watch.notices && mnl_socket_bind(watch.notices, groups, MNL_SOCKET_AUTOPID) == 0)
		watch.heard = event_new(base, mnl_socket_get_fd(watch.notices), EV_READ | EV_PERSIST, on_notice, NULL);
	if (watch.heard == NULL) {
		weft_watch_stop();
		return -EIO;
	}
	event_add(watch.heard, NULL);
	watch.probe = event_new(base, -1, EV_PERSIST, on_probe, NULL);
	if (watch.probe)
		event_add(watch.probe, &each);
	return 0;
}

void
weft_watch_stop(void)
{
	if (watch.heard)
		event_free(watch.heard);
	if (watch.probe)
		event_free(watch.probe);
	if (watch.notices)
		mnl_socket_close(watch.notices);
	watch.heard = watch.probe = NULL;
	watch.notices = NULL;
	weft_kernel_close();
}

// Brings another uplink into use if the one in use has lost its link, or has gone.
static void
watch_uplinks(struct weft_local *local)
{
	uint16_t now = local->placement->uplink, next = weft_uplink_choose(local);
	struct weft_error err;

	if (next == now || local->prepared)
		return;
	WEFT_LOG(WARNING, "event=uplink from=%s to=%s", now ? local->placement->place[now].path : "none",
		next ? local->placement->place[next].path : "none");
	if (weft_local_republish(local, false, &err))
		WEFT_LOG(ERR, "event=uplink error=\"%s\"", err.text);
}

void
weft_watch_links(struct weft_local *local)
{
	struct weft_io_status status;

	watch_uplinks(local);
	// Asking a device for its state also tells the workers whether its link is up.
	for (const struct weft_device *device = local->devices; device; device = device->hh.next) {
		const struct weft_object *port = weft_model_get(local->model, device->key);
		uint16_t slot = port ? weft_placement_find(local->placement, port->path) : WEFT_PORT_NONE;

		if (slot == WEFT_PORT_NONE)
			continue;
		weft_engine_port_status(slot, &status);
		if (status.removed && !local->prepared)
			weft_local_lose(local, port->path);
	}
}

void
weft_watch_retry(struct weft_local *local)
{
	struct weft_error err;

	if (json_object_size(local->failed) && !local->prepared && weft_local_republish(local, false, &err))
		WEFT_LOG(ERR, "event=retry error=\"%s\"", err.text);
}
