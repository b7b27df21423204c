// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "wake.h"

#include <sys/eventfd.h>

#include "port.h"

static int wake_fd = -1;
static _Atomic(struct vhost_port *) flagged;

int
vhost_wake_init(void)
{
	if (wake_fd < 0)
		wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return wake_fd;
}

// A full counter wakes it as well.
void
vhost_wake(void)
{
	if (wake_fd >= 0)
		eventfd_write(wake_fd, 1);
}

void
vhost_wake_for(struct vhost_port *port)
{
	if (atomic_exchange(&port->flagged, true))
		return;
	port->next_flagged = atomic_load(&flagged);
	while (!atomic_compare_exchange_weak(&flagged, &port->next_flagged, port))
		;
	vhost_wake();
}

struct vhost_port *
vhost_wake_take(void)
{
	return atomic_exchange(&flagged, NULL);
}

void
vhost_wake_clear(void)
{
	eventfd_t count;

	eventfd_read(wake_fd, &count);
}
