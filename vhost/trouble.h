// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The last error of a port, for reports and the log.
#pragma once

struct vhost_port;

#define VHOST_CUT_TEXT "the guest cut the file behind its memory short: its front end has to connect again"

// Notes and logs what is wrong; an empty text: nothing is wrong any more. Any thread except workers.
__attribute__((format(printf, 2, 3))) void vhost_trouble_set(struct vhost_port *port, const char *fmt, ...);
