// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "trouble.h"

#include <stdarg.h>
#include <stdio.h>

#include "port.h"

void
vhost_trouble_set(struct vhost_port *port, const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&port->error_lock);
	va_start(ap, fmt);
	vsnprintf(port->error, sizeof(port->error), fmt, ap);
	va_end(ap);
	pthread_mutex_unlock(&port->error_lock);
	if (port->error[0])
		WEFT_LOG(WARNING, "event=guest-error port=%s socket=%s error=\"%s\"", port->name, port->path,
			port->error);
}
