// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What goes on behind weft's back: PFs are held to what they were told of VFs.
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "assignment_list.h"

static struct {
	struct mnl_socket *asked, *notices;
	struct event *heard;
	struct weft_local *local;
} drift;

// Says what is wrong with the VF, once.
static void
complain(struct held *h, const char *why)
{
	if (strcmp(h->error, why))
		WEFT_LOG(ERR, "event=vf-trouble port=%s pf=%s vf=%u error=\"%s\"", h->path, h->pf.interface,
			h->want.index, why);
	snprintf(h->error, sizeof(h->error), "%s", why);
}

// The PF, or the VF, has gone. It may be there again, and as another interface: then all is as for a new one.
static void
look_for(struct held *h)
{
	const struct weft_port *port = weft_model_port(drift.local->model, h->path);
	struct weft_error err = { "its port is not known" };

	if (port == NULL || weft_functions_take(drift.local, port, &err)) {
		complain(h, err.text);
		return;
	}
	h->unsettled = 0;
	WEFT_LOG(WARNING, "event=vf-back port=%s pf=%s vf=%u", h->path, h->pf.interface, h->want.index);
}

static void
watch(struct held *h)
{
	struct weft_vf now;
	struct weft_error err;
	unsigned int differs;

	if (weft_vf_get(held.questions, h->pf.ifindex, h->want.index, &now)) {
		look_for(h);
		return;
	}
	differs = weft_vf_differs(&now, &h->want, h->mask & now.known);
	if (differs == 0) {
		h->error[0] = 0;
		return;
	}
	if (weft_vf_set(held.questions, h->pf.ifindex, &h->want, differs, &now, &err)) {
		complain(h, err.text);
		return;
	}
	h->repaired++;
	h->error[0] = 0;
	for (int i = 0; i < WEFT_VF_N_ATTRS; i++)
		if (differs & 1 << i)
			WEFT_LOG(WARNING, "event=vf-repaired port=%s pf=%s vf=%u what=\"%s\"", h->path, h->pf.interface,
				h->want.index, weft_vf_attr_name(i));
}

void
weft_functions_watch(void)
{
	for (struct held *h = held.first; h; h = h->next)
		if (!h->leaving && h->unsettled == 0 && !h->fresh)
			watch(h);
}

static void
on_notice(evutil_socket_t fd, short what, void *arg)
{
	static char buffer[32768];

	(void)fd, (void)what, (void)arg;
	// However many there are, and whether some were lost: one look tells all.
	while (mnl_socket_recvfrom(drift.notices, buffer, sizeof(buffer)) > 0 || errno == ENOBUFS || errno == EINTR)
		;
	weft_functions_watch();
}

int
weft_functions_start(struct event_base *base, struct weft_local *local)
{
	drift.local = local;
	drift.asked = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	drift.notices = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (drift.asked && mnl_socket_bind(drift.asked, 0, MNL_SOCKET_AUTOPID) == 0)
		held.questions = mnl_socket_get_fd(drift.asked);
	if (drift.notices && mnl_socket_bind(drift.notices, RTMGRP_LINK, MNL_SOCKET_AUTOPID) == 0)
		drift.heard = event_new(base, mnl_socket_get_fd(drift.notices), EV_READ | EV_PERSIST, on_notice, NULL);
	if (drift.heard == NULL)
		return -EIO;
	event_add(drift.heard, NULL);
	return 0;
}

// What VFs have stays: those that are passed through go on without weftd.
void
weft_functions_stop(void)
{
	while (held.first)
		held_drop(held.first);
	if (drift.heard)
		event_free(drift.heard);
	if (drift.asked)
		mnl_socket_close(drift.asked);
	if (drift.notices)
		mnl_socket_close(drift.notices);
	drift.heard = NULL;
	drift.asked = drift.notices = NULL;
	held.questions = -1;
}
