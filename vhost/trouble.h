// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The last error of a port, for reports and the log.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vhost_port;

// Whether the log gets one more line about PORT now: a front end could write it full. Any thread except workers.
bool vhost_trouble_may_log(struct vhost_port *port);

// Notes what is wrong with PORT; an empty text: nothing is wrong any more. The log gets a few lines a second at most. Any thread
// except workers.
__attribute__((format(printf, 2, 3))) void vhost_trouble_set(struct vhost_port *port, const char *fmt, ...);

// Notes that the error, if there is one, is about an earlier front end: another one speaks now. Front ends' thread.
void vhost_trouble_is_old(struct vhost_port *port);

// Notes that the message at hand is refused, because the front end FMT... Returns -ERROR. Front ends' thread.
__attribute__((format(printf, 3, 4))) int vhost_refuse(struct vhost_port *port, int error, const char *fmt, ...);

// Notes that PORT's dirty log ends at the guest physical address LOG_LAST, before memory does, at MEMORY_LAST; LOG_LAST 0: it does
// not. The log gets a line when it is news. Front ends' thread.
void vhost_trouble_log(struct vhost_port *port, uint64_t log_last, uint64_t memory_last);

// Writes that the dirty log is too short. Returns false where it is not. PORT's error_lock is held. Any thread except workers.
bool vhost_trouble_log_text(const struct vhost_port *port, char *text, size_t size);

// Notes that weftd may have no more descriptors, and how to allow more. Returns -EMFILE. Front ends' thread.
int vhost_trouble_fds(struct vhost_port *port);
