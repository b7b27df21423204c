// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A front end's connection: messages in, answers out, and never a wait. The part of a message that has come stays here until
// the rest comes. An answer that the socket does not take waits here, and no message is read meanwhile. Front ends' thread.
#pragma once

#include <stddef.h>

#include "message.h"

struct vhost_port;
struct vhost_trash;

// What a port's front ends may send, one after the other. The connection of one that sends more ends, by name.
#define VHOST_BUDGET_MESSAGES 4000 // at once; and as many in each second
#define VHOST_BUDGET_FDS      2000 // likewise

// The most descriptors that the kernel passes at a time: if fewer were taken, it would close the others here, and wait.
#define VHOST_FDS_AT_ONCE 253

struct vhost_connection {
	int fd;
	struct vhost_port *port;
	struct vhost_message in;
	size_t got;		      // bytes of IN that have come, header and payload
	struct vhost_message out;     // the answer
	size_t out_size, out_done;    // bytes of header and payload; OUT_SIZE 0: there is none
	int extra[VHOST_FDS_AT_ONCE]; // descriptors beyond those of a message: the connection ends
	unsigned int n_extra;
	uint32_t events;     // that the thread waits for; 0: none
	bool heard;	     // its first message has come
	bool without_memory; // it has been said that the guest's memory is missing
	uint64_t since_ms;
};

// Takes the connected socket FD over, as PORT's connection. Returns NULL without memory; FD stays the caller's then.
struct vhost_connection *vhost_connection_new(struct vhost_port *port, int fd, uint64_t now_ms);

// Puts the socket and all descriptors that CONNECTION holds into TRASH, and frees it. NULL is allowed.
void vhost_connection_free(struct vhost_connection *connection, struct vhost_trash *trash);

// Sends what waits, then reads and handles messages for a while; workers leave the rings once for all of them. Returns 0; or
// -errno: the connection has to end, -ECONNRESET: because the front end has ended it, else the port's error says why.
int vhost_connection_run(struct vhost_connection *connection, uint64_t now_ms);

// Whether the answer waits for the socket.
static inline bool
vhost_connection_waits(const struct vhost_connection *connection)
{
	return connection->out_size != 0;
}
