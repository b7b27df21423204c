// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "drift.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "assignment.h"
#include "enforcement.h"

static struct {
	struct mnl_socket *questions, *notices;
	struct event *heard;
	const struct weft_model *model;
} drift;

// Notes why the VF is not as it should be, and logs it if it is news.
static void
note_error(struct weft_assignment *a, const char *why)
{
	if (strcmp(a->error, why))
		WEFT_LOG(ERR, "event=vf-trouble port=%s pf=%s vf=%u error=\"%s\"", a->path, a->pf.interface,
			a->want.index, why);
	snprintf(a->error, sizeof(a->error), "%s", why);
}

// The PF, or the VF, was gone. If it is back, perhaps with another interface, it is assigned again.
static void
assign_again(struct weft_assignment *a)
{
	const struct weft_port *port = weft_model_port(drift.model, a->path);
	struct weft_error err = { "its port is not known" };

	if (port == NULL || weft_assignment_make(drift.model, port, &err)) {
		note_error(a, err.text);
		return;
	}
	a->changed = 0;
	WEFT_LOG(WARNING, "event=vf-back port=%s pf=%s vf=%u", a->path, a->pf.interface, a->want.index);
}

static void
check(struct weft_assignment *a)
{
	struct weft_vf now;
	struct weft_error err;
	unsigned int differs;

	if (weft_vf_get(weft_enforcement_socket(), a->pf.ifindex, a->want.index, &now)) {
		assign_again(a);
		return;
	}
	differs = weft_vf_differs(&now, &a->want, a->mask & now.known);
	if (differs == 0) {
		a->error[0] = 0;
		return;
	}
	if (weft_vf_set(weft_enforcement_socket(), a->pf.ifindex, &a->want, differs, &now, &err)) {
		note_error(a, err.text);
		return;
	}
	a->repaired++;
	a->error[0] = 0;
	for (int i = 0; i < WEFT_VF_N_ATTRS; i++)
		if (differs & 1 << i)
			WEFT_LOG(WARNING, "event=vf-repaired port=%s pf=%s vf=%u what=\"%s\"", a->path, a->pf.interface,
				a->want.index, weft_vf_attr_name(i));
}

void
weft_drift_check(void)
{
	for (struct weft_assignment *a = weft_assignment_first(); a; a = a->next)
		if (!a->leaving && a->changed == 0 && !a->fresh)
			check(a);
}

static void
on_notice(evutil_socket_t fd, short what, void *arg)
{
	static char buffer[32768];

	(void)fd, (void)what, (void)arg;
	// Notices may be many, or lost: all VFs are checked once.
	while (mnl_socket_recvfrom(drift.notices, buffer, sizeof(buffer)) > 0 || errno == ENOBUFS || errno == EINTR)
		;
	weft_drift_check();
}

int
weft_drift_start(struct event_base *base, const struct weft_model *model)
{
	drift.model = model;
	drift.questions = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	drift.notices = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (drift.questions && mnl_socket_bind(drift.questions, 0, MNL_SOCKET_AUTOPID) == 0)
		weft_enforcement_set_socket(mnl_socket_get_fd(drift.questions));
	if (drift.notices && mnl_socket_bind(drift.notices, RTMGRP_LINK, MNL_SOCKET_AUTOPID) == 0)
		drift.heard = event_new(base, mnl_socket_get_fd(drift.notices), EV_READ | EV_PERSIST, on_notice, NULL);
	if (drift.heard == NULL)
		return -EIO;
	event_add(drift.heard, NULL);
	return 0;
}

void
weft_drift_stop(void)
{
	weft_assignment_forget();
	if (drift.heard)
		event_free(drift.heard);
	if (drift.questions)
		mnl_socket_close(drift.questions);
	if (drift.notices)
		mnl_socket_close(drift.notices);
	drift.heard = NULL;
	drift.questions = drift.notices = NULL;
	weft_enforcement_set_socket(-1);
}
