// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Gives a front end's connection, with its memory and its rings, to another weftd, which goes on where this one ends: the guest
// notices nothing. What the front end has said goes as vhost-user messages that say it again, so another build understands it,
// and checks it as it checks any front end. Descriptors go along (unix(7), SCM_RIGHTS).
//
// The giver calls vhost_device_suspend() and vhost_handover_send(). When the taker has all, the giver ends the connection
// without a word to the front end; if not, it calls vhost_device_resume() and goes on itself: it has kept everything. The taker
// calls vhost_handover_receive(), and vhost_device_resume() once the giver cannot go on any more.
#pragma once

#include <stdint.h>

struct vhost_port;

// Sends PORT's connection over the Unix stream socket SOCK, and waits as long as SOCK does (SO_SNDTIMEO). The rings are
// suspended. PORT stays as it is. Returns 0; or -errno: -ENOTCONN where there is no front end, -EFAULT where its connection is
// about to end. Front ends' thread.
int vhost_handover_send(const struct vhost_port *port, int sock);

// Receives for PORT, which has no connection, what vhost_handover_send() sends to SOCK, and waits as long as SOCK does
// (SO_RCVTIMEO). Returns 0: PORT has the connection, and its rings are suspended. Or -errno: PORT is without one, and its error
// says why. Front ends' thread.
int vhost_handover_receive(struct vhost_port *port, int sock, uint64_t now_ms);
