// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One end of a vhost-user connection that can say anything: any header, any payload, any descriptors, or half of it. It never
// waits without end.
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include "vhost/message.h"

// The longest time that anything waits for weft, in ms.
extern unsigned int wire_patience_ms;

// A port of weft, and when it may be used again: weft lets a front end wait that it had to end.
struct door {
	char path[108];
	bool client;   // weft connects to our socket; else we connect to weft's
	int listener;  // client: our socket, else -1
	uint64_t free; // when it may be used again, in ms
	uint32_t offences;
	struct door *next;
};

struct wire {
	int sock; // -1: there is none
	struct door *door;
	bool over;   // weft has ended the connection
	bool silent; // weft did not answer in time
	struct vhost_header got;
	size_t n_got; // bytes of the answer that is coming
	union {
		uint64_t u64;
		uint8_t bytes[4096];
	} answer;
	uint32_t answered; // the request that was answered last; 0: none yet
	int fd;		   // that came with an answer, or -1
};

// What all have sent, and what became of it.
struct wire_sums {
	_Atomic uint64_t messages, connections, answers, ended, silent;
};
extern struct wire_sums wire_sums;

uint64_t wire_clock_us(void);

// Opens the socket that weft's client port connects to. Exits with a message if it cannot.
void door_listen(struct door *door);

// Connects. False: weft did not let us in.
bool wire_open(struct wire *w, struct door *door);
// Closes the connection, and notes when its door is free again.
void wire_close(struct wire *w);

// Sends LEN bytes, and N descriptors with them, which stay the caller's. Answers are read meanwhile. False: weft has ended the
// connection, or does not read.
bool wire_write(struct wire *w, const void *data, size_t len, const int *fds, unsigned int n);
// Sends a whole message.
bool wire_send(struct wire *w, uint32_t request, uint32_t flags, const void *payload, uint32_t size, const int *fds,
	unsigned int n);

// Reads what has come. False: weft has ended the connection.
bool wire_drain(struct wire *w);
// Waits for an answer to REQUEST, which is W's answer then. False: the connection is over, or it took too long.
bool wire_wait(struct wire *w, uint32_t request);
// Asks for the features, which weft answers in any state. False as with wire_wait().
bool wire_probe(struct wire *w);
