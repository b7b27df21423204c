// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports of weft at real Unix sockets, which the front ends' thread of this process serves; and front ends at the other end, which
// the test plays. Whatever a test waits for comes within STUBBORN_WAIT_MS, or it fails.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/lone_port.h"

#define STUBBORN_WAIT_MS 30000

struct stubborn {
	struct weft_portio io;
	bool server; // weft listens
	char path[108];
	int listener; // the front end's, or -1
	int sock;     // the front end's connection, or -1
};

// Opens a port that is called NAME, without a front end. QUIESCE may be NULL.
void stubborn_open(struct stubborn *s, const char *name, bool server, void (*quiesce)(void));
// Closes the port, then what the front end has.
void stubborn_close(struct stubborn *s);

// Connects a front end to the port, or waits for weft to connect.
void stubborn_connect(struct stubborn *s);
// Ends that connection.
void stubborn_disconnect(struct stubborn *s);

// Sends a message with up to one descriptor (-1: none). Only its first SIZE bytes, where SIZE is not 0.
void stubborn_send(struct stubborn *s, uint32_t request, uint64_t value, int fd, size_t size);
// Sends what stubborn_send() left out.
void stubborn_send_rest(struct stubborn *s, uint32_t request, uint64_t value, size_t size);

// Waits for an answer to GET_FEATURES. Returns false where weft has ended the connection.
bool stubborn_answer(struct stubborn *s);
// Asks for it, and waits. Likewise.
bool stubborn_ask(struct stubborn *s);
// Whether an answer, or the connection's end, is there.
bool stubborn_has_answer(const struct stubborn *s);
// Waits until weft has ended the connection.
void stubborn_wait_end(struct stubborn *s);

// Starts both rings, with memory; and waits until the link is up.
void stubborn_start(struct stubborn *s);
void stubborn_wait_link(struct stubborn *s, bool up);

// Waits until the port's error has the words PART.
void stubborn_wait_error(struct stubborn *s, const char *part);

// Waits until this process has N descriptors more than without any port.
void stubborn_wait_fds(unsigned int n);

// A group's setup and teardown: a folder for the sockets.
int stubborn_setup(void **state);
int stubborn_teardown(void **state);
