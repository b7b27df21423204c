// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "trouble.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>

#include "weft/clock.h"

#include "port.h"

#define LINES 4 // of the log, in a second

// Whether the log gets one more line about PORT now. Its lock is held.
static bool
may_log(struct vhost_port *port)
{
	uint64_t now = weft_clock_ms();

	if (now - port->logged_ms >= 1000) {
		port->logged_ms = now;
		port->logged = 0;
	}
	return port->logged++ < LINES;
}

bool
vhost_trouble_may_log(struct vhost_port *port)
{
	bool may;

	pthread_mutex_lock(&port->error_lock);
	may = may_log(port);
	pthread_mutex_unlock(&port->error_lock);
	return may;
}

static void
warn(const struct vhost_port *port, const char *text)
{
	WEFT_LOG(WARNING, "event=guest-error port=%s socket=%s error=\"%s\"", port->name, port->path, text);
}

static void
note(struct vhost_port *port, const char *before, const char *fmt, va_list ap)
{
	char text[sizeof(port->error)] = "";
	size_t len;
	bool log;

	len = (size_t)snprintf(text, sizeof(text), "%s", before);
	vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	pthread_mutex_lock(&port->error_lock);
	log = text[0] && may_log(port);
	memcpy(port->error, text, sizeof(text));
	port->error_is_old = false;
	pthread_mutex_unlock(&port->error_lock);
	if (log)
		warn(port, text);
}

void
vhost_trouble_is_old(struct vhost_port *port)
{
	pthread_mutex_lock(&port->error_lock);
	port->error_is_old = true;
	pthread_mutex_unlock(&port->error_lock);
}

void
vhost_trouble_set(struct vhost_port *port, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(port, "", fmt, ap);
	va_end(ap);
}

int
vhost_refuse(struct vhost_port *port, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(port, "the front end ", fmt, ap);
	va_end(ap);
	return -error;
}

bool
vhost_trouble_log_text(const struct vhost_port *port, char *text, size_t size)
{
	if (port->log_last == 0)
		return false;
	snprintf(text, size,
		"the log of dirty pages ends at address 0x%" PRIx64 ", memory at 0x%" PRIx64
		": pages behind it would be lost in a migration",
		port->log_last, port->memory_last);
	return true;
}

void
vhost_trouble_log(struct vhost_port *port, uint64_t log_last, uint64_t memory_last)
{
	char text[sizeof(port->error)];
	bool log = false;

	pthread_mutex_lock(&port->error_lock);
	if (port->log_last != log_last || port->memory_last != memory_last) {
		port->log_last = log_last;
		port->memory_last = memory_last;
		log = vhost_trouble_log_text(port, text, sizeof(text)) && may_log(port);
	}
	pthread_mutex_unlock(&port->error_lock);
	if (log)
		warn(port, text);
}

int
vhost_trouble_fds(struct vhost_port *port)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	vhost_trouble_set(port,
		"weftd may not open more than %lu files: raise LimitNOFILE= of weftd.service (systemctl edit weftd), and "
		"restart it",
		(unsigned long)limit.rlim_cur);
	return -EMFILE;
}
