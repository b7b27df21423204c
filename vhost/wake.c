// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "wake.h"

#include <sys/eventfd.h>

static int wake_fd = -1;

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
vhost_wake_clear(void)
{
	eventfd_t count;

	eventfd_read(wake_fd, &count);
}
