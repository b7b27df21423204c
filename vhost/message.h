// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The vhost-user protocol as it lies on the wire: requests, bits, and payloads.
// Format: QEMU, docs/interop/vhost-user.rst. Numbers are in the host's byte order: both ends are on one machine.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "vhost/memory/guest_memory.h"
#include "vhost/memory/inflight.h"

enum vhost_request_id {
	VHOST_GET_FEATURES = 1,
	VHOST_SET_FEATURES = 2,
	VHOST_SET_OWNER = 3,
	VHOST_RESET_OWNER = 4,
	VHOST_SET_MEM_TABLE = 5,
	VHOST_SET_LOG_BASE = 6,
	VHOST_SET_LOG_FD = 7,
	VHOST_SET_VRING_NUM = 8,
	VHOST_SET_VRING_ADDR = 9,
	VHOST_SET_VRING_BASE = 10,
	VHOST_GET_VRING_BASE = 11,
	VHOST_SET_VRING_KICK = 12,
	VHOST_SET_VRING_CALL = 13,
	VHOST_SET_VRING_ERR = 14,
	VHOST_GET_PROTOCOL_FEATURES = 15,
	VHOST_SET_PROTOCOL_FEATURES = 16,
	VHOST_GET_QUEUE_NUM = 17,
	VHOST_SET_VRING_ENABLE = 18,
	VHOST_SEND_RARP = 19,
	VHOST_NET_SET_MTU = 20,
	VHOST_GET_INFLIGHT_FD = 31,
	VHOST_SET_INFLIGHT_FD = 32,
	VHOST_GET_MAX_MEM_SLOTS = 36,
	VHOST_ADD_MEM_REG = 37,
	VHOST_REM_MEM_REG = 38,
	VHOST_SET_STATUS = 39,
	VHOST_GET_STATUS = 40,
	VHOST_N_REQUESTS = 48, // more than any number that there is
};

// What a handler returns if it has made the message an answer.
#define VHOST_ANSWER 1

// Flags of a header.
#define VHOST_VERSION_MASK 0x3u
#define VHOST_VERSION	   0x1u
#define VHOST_REPLY	   (1u << 2)
#define VHOST_NEED_REPLY   (1u << 3)

// Bits of GET_PROTOCOL_FEATURES.
#define VHOST_PROTOCOL_MQ	       0
#define VHOST_PROTOCOL_LOG_SHMFD       1
#define VHOST_PROTOCOL_RARP	       2
#define VHOST_PROTOCOL_REPLY_ACK       3
#define VHOST_PROTOCOL_MTU	       4
#define VHOST_PROTOCOL_INFLIGHT_SHMFD  12
#define VHOST_PROTOCOL_CONFIGURE_SLOTS 15
#define VHOST_PROTOCOL_STATUS	       16

// Bits of GET_FEATURES that are the protocol's, not the device's.
#define VHOST_F_LOG_ALL		  26
#define VHOST_F_PROTOCOL_FEATURES 30

// In the number of SET_VRING_KICK, _CALL and _ERR: the ring's index, and that no descriptor comes with the message.
#define VHOST_VRING_INDEX 0xffu
#define VHOST_VRING_NO_FD 0x100u

// Descriptors in one message, and regions in one SET_MEM_TABLE.
#define VHOST_MAX_FDS	    8
#define VHOST_TABLE_REGIONS 8

struct vhost_header {
	uint32_t request; // enum vhost_request_id
	uint32_t flags;
	uint32_t size; // of the payload, in bytes
};

struct vhost_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vhost_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc; // front end's virtual addresses
	uint64_t used;
	uint64_t avail;
	uint64_t log; // guest physical address of the used ring, for the dirty log
};

union vhost_payload {
	uint64_t u64;
	struct vhost_vring_state state;
	struct vhost_vring_addr addr;
	struct {
		uint32_t n;
		uint32_t padding;
		struct vhost_region region[VHOST_TABLE_REGIONS];
	} table;
	struct {
		uint64_t padding;
		struct vhost_region region;
	} one;
	struct {
		uint64_t size; // bytes
		uint64_t offset;
	} log;
	struct vhost_inflight_area inflight;
};

static_assert(sizeof(struct vhost_header) == 12, "as on the wire");
static_assert(sizeof(struct vhost_vring_addr) == 40, "as on the wire");
static_assert(sizeof(struct vhost_inflight_area) == 24, "as QEMU and DPDK send it");
static_assert(sizeof(union vhost_payload) == 8 + 32 * VHOST_TABLE_REGIONS, "the longest payload is a memory table");

// A message in work. Descriptors that a handler keeps it takes out by vhost_message_take(); all others are closed when
// the message has been handled, on every way out.
struct vhost_message {
	struct vhost_header header;
	union vhost_payload payload;
	uint8_t n_fds;
	int fds[VHOST_MAX_FDS]; // -1: taken
};

// The name of a request in the specification, or words that say that it has none; for messages. Any thread.
const char *vhost_request_name(uint32_t request);

// Likewise of a bit of GET_PROTOCOL_FEATURES.
const char *vhost_protocol_name(unsigned int bit);

// The descriptor number I of M; the caller owns it. -1: there is none, or it has been taken.
static inline int
vhost_message_take(struct vhost_message *m, unsigned int i)
{
	int fd = i < m->n_fds ? m->fds[i] : -1;

	if (fd >= 0)
		m->fds[i] = -1;
	return fd;
}

// Whether BIT is set in the features BITS.
static inline bool
vhost_has(uint64_t bits, unsigned int bit)
{
	return bits >> bit & 1;
}
