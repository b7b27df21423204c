// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A front end that a test plays, on one end of a socket pair; a port of weft is at the other. The test is the front ends' thread
// and the worker too: weft handles messages in liar_run() only.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/lone_port.h"
#include "vhost/device.h"
#include "vhost/guard.h"
#include "vhost/port.h"
#include "vhost/trash.h"
#include "vhost/trouble.h"

#define LIAR_GPA   UINT64_C(0x100000)
#define LIAR_USER  UINT64_C(0x7000000000)
#define LIAR_SIZE  (UINT64_C(2) << 20) // bytes of guest memory
#define LIAR_RING  256		       // entries
#define LIAR_DESC  UINT64_C(0x0)       // offsets in the memory, each ring 0x10000 further
#define LIAR_AVAIL UINT64_C(0x4000)
#define LIAR_USED  UINT64_C(0x8000)
#define LIAR_NEXT  UINT64_C(0x10000)
#define LIAR_DATA  UINT64_C(0x100000)

struct liar {
	int sock;
	struct weft_portio io;
	struct vhost_port *port;
	int ended; // why the connection has ended; 0: it has not
	int memory_fd;
	uint8_t *memory;
	unsigned int suspended; // how often workers had to leave the rings
	unsigned int fds;	// of this process, before
};

// Opens a port with a connection, and makes guest memory that weft does not know yet.
void liar_open(struct liar *l);
// Ends all, and checks that no descriptor is left that was not there at liar_open().
void liar_close(struct liar *l);

// A file of memory of SIZE bytes, which the caller owns.
int liar_file(uint64_t size);

// Waits until all that weft is rid of is closed and unmapped.
void liar_settle(struct liar *l);

// Sends a message. The descriptors stay the caller's.
void liar_send(struct liar *l, uint32_t request, uint32_t flags, const void *payload, uint32_t size, const int *fds,
	unsigned int n);

// Lets weft handle all that has come. Returns 0, or why the connection ended.
int liar_run(struct liar *l);

// Takes the next answer, which must be there, with its descriptor in *FD (-1: none) where FD is not NULL. Returns the payload's
// size.
uint32_t liar_answer(struct liar *l, uint32_t request, union vhost_payload *payload, int *fd);

// Whether weft has answered.
bool liar_has_answer(const struct liar *l);

// Sends a message with NEED_REPLY, and returns what it says: 0, or 1 for a refused message; -1: the connection ended.
int liar_tell(struct liar *l, uint32_t request, const void *payload, uint32_t size, int fd);

// Messages of an honest front end.
int liar_set_u64(struct liar *l, uint32_t request, uint64_t value, int fd);
int liar_set_state(struct liar *l, uint32_t request, uint32_t index, uint32_t num);
int
liar_set_region(struct liar *l, uint32_t request, uint64_t gpa, uint64_t size, uint64_t user, uint64_t offset, int fd);
int liar_set_addr(struct liar *l, uint32_t index, uint64_t desc, uint64_t avail, uint64_t used);

// Negotiates FEATURES (protocol features and VERSION_1 are added) and all of the protocol.
void liar_negotiate(struct liar *l, uint64_t features);
// Negotiates and gives the memory; and starts a pair of rings, without descriptors to call.
void liar_start(struct liar *l, uint64_t features);
// Starts the ring INDEX, with the addresses of the LIAR_ offsets.
void liar_start_ring(struct liar *l, uint32_t index, int call);

// Windows of this process, of which neighbours count as one.
unsigned int count_windows(void);

// The microseconds of a clock that does not jump.
uint64_t clock_us(void);
