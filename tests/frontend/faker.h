// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A front end that knows how an honest one comes to each state of the protocol, so that it can lie there; and a guest's memory
// with a pair of rings, which it can fill with frames or with anything.
#pragma once

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "wire.h"

#define FAKER_GPA   UINT64_C(0x4000000) // in the dirty log far from a page's start, where honest guests have buffers
#define FAKER_USER  UINT64_C(0x7000000000)
#define FAKER_SIZE  (UINT64_C(2) << 20) // bytes of memory
#define FAKER_RING  256			// entries
#define FAKER_DESC  UINT64_C(0x0)	// offsets in the memory, each ring FAKER_NEXT further
#define FAKER_AVAIL UINT64_C(0x4000)
#define FAKER_USED  UINT64_C(0x8000)
#define FAKER_NEXT  UINT64_C(0x10000)
#define FAKER_DATA  UINT64_C(0x100000) // buffers, each FAKER_SLOT further
#define FAKER_SLOT  UINT64_C(2048)
#define FAKER_LOG   (UINT64_C(1) << 20)

#define BIT(n) (UINT64_C(1) << (n))

enum state {
	STATE_FRESH,
	STATE_PROTOCOL, // features of the protocol
	STATE_OWNER,
	STATE_FEATURES,
	STATE_MEMORY,
	STATE_RINGS, // set up, and not enabled
	STATE_SPLIT, // running from here on
	STATE_PACKED,
	STATE_LOGGED,	// with a dirty log
	STATE_INFLIGHT, // with in-flight pages
	STATE_STOPPED,	// by GET_VRING_BASE
	STATE_RESET,	// by RESET_OWNER
	STATE_REFUSED,	// after a message that was refused
	STATES
};

struct faker {
	struct wire w;
	int memory_fd, log_fd, pages_fd;
	int event; // an eventfd that does not block
	uint8_t *memory;
	uint64_t features;
	uint16_t filled[2]; // entries that were made available, by ring
	bool packed;
};

// The features of the protocol that weft offers; faker_learn() finds them out.
extern uint64_t faker_protocol;
void faker_learn(struct faker *f, struct door *door);

const char *state_name(enum state state);

// Makes the memory. Exits with a message without any.
void faker_init(struct faker *f);
// Makes other memory, when the last one has been cut or belongs to a file that weft may still use.
void faker_renew(struct faker *f);
void faker_free(struct faker *f);

// Connects and goes to STATE. False: weft has not let it.
bool faker_reach(struct faker *f, struct door *door, enum state state);

// Steps on the way. None waits for an answer.
void faker_negotiate(struct faker *f, uint64_t features);
void faker_give_memory(struct faker *f);
void faker_give_log(struct faker *f, uint64_t size, uint64_t offset);
void faker_give_pages(struct faker *f);
void faker_place_ring(struct faker *f, uint32_t ring, uint64_t desc, uint64_t avail, uint64_t used);
void faker_set_up(struct faker *f, uint32_t ring);
void faker_kick(struct faker *f);
void faker_enable(struct faker *f);

// Messages of one word, of an index and a number, and with no payload.
bool faker_say(struct faker *f, uint32_t request, uint64_t value, int fd);
bool faker_tell(struct faker *f, uint32_t request, uint32_t index, uint32_t num);
bool faker_ask(struct faker *f, uint32_t request);

// Makes N more buffers of each ring available, with frames in those from the guest.
void faker_feed(struct faker *f, uint16_t n);
// Entries that weft has used of RING.
uint16_t faker_used(const struct faker *f, uint32_t ring);
