// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The table of requests: what each message must look like, when it is allowed, and who handles it. Front ends' thread.
#pragma once

#include "port.h"

// Handles M, a whole message of PORT's front end, and closes the descriptors that came with it and were not taken. Where the rings
// may depend on it they are suspended, and stay so: the caller resumes them after the last of several messages. Returns 0;
// 1: M is the answer, to be sent, with at most one descriptor, which the caller owns; -errno: the connection has to end, and
// PORT's error says why. Descriptors that are still in M then are the caller's.
int vhost_request_handle(struct vhost_port *port, struct vhost_message *m);
