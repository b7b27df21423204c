// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Why a ring stopped: what the guest, or its front end, did wrong.
#pragma once

#include <stdbool.h>

#define VHOST_FRAME_MAX 65535 // bytes of the longest frame, without the header

enum vhost_fault {
	VHOST_FAULT_NONE,
	VHOST_FAULT_SIZE,      // the ring's size is not allowed
	VHOST_FAULT_SETUP,     // the ring's memory is not aligned, or not the guest's
	VHOST_FAULT_INDEX,     // the available index is further ahead than the ring is long
	VHOST_FAULT_HEAD,      // a descriptor's number is beyond the ring
	VHOST_FAULT_CHAIN,     // a chain is longer than the ring, or never ends
	VHOST_FAULT_ADDRESS,   // a buffer lies outside the guest's memory
	VHOST_FAULT_INDIRECT,  // an indirect table was not negotiated, is nested, empty, or no table
	VHOST_FAULT_DIRECTION, // a buffer to read from is for writing, or the other way round
	VHOST_FAULT_LENGTH,    // a frame is longer than VHOST_FRAME_MAX
	// These stop all rings of the port, and its connection ends.
	VHOST_FAULT_MEMORY, // the file behind the guest's memory was cut short
	VHOST_FAULT_STRAY,  // weft touched an address beside the guest's memory: a check is missing
	VHOST_FAULT_CALL,   // an interrupt took too long
	VHOST_FAULT_HOLES,  // holes were punched in the guest's memory, and threads waited for them
	VHOST_N_FAULTS
};

// Whether the ring could not start, with what the front end has said about it. Any thread.
static inline bool
weft_ring_fault_is_setup(enum vhost_fault fault)
{
	return fault == VHOST_FAULT_SIZE || fault == VHOST_FAULT_SETUP;
}

// The fault in words: what the guest did, to follow "the guest ". Any thread.
const char *weft_ring_fault_text(enum vhost_fault fault);
