// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fault.h"

static const char *const fault_texts[VHOST_N_FAULTS] = {
	[VHOST_FAULT_NONE] = "is well",
	[VHOST_FAULT_SIZE] = "has a ring of a size that is not allowed",
	[VHOST_FAULT_SETUP] = "has a ring that is misaligned, or not whole in the memory that there is",
	[VHOST_FAULT_INDEX] = "moved its available index further than the ring is long",
	[VHOST_FAULT_HEAD] = "made a descriptor available that the ring does not have",
	[VHOST_FAULT_CHAIN] = "made a chain of descriptors that does not end",
	[VHOST_FAULT_ADDRESS] = "gave a buffer outside its memory",
	[VHOST_FAULT_INDIRECT] = "gave an indirect table that is none",
	[VHOST_FAULT_DIRECTION] = "gave a buffer to read from where one to write to belongs, or the reverse",
	[VHOST_FAULT_LENGTH] = "sent a frame of more than 64 KiB",
	[VHOST_FAULT_MEMORY] = "cut the file behind its memory short",
	[VHOST_FAULT_STRAY] = "made weft touch memory that is not the guest's (please report this)",
	[VHOST_FAULT_CALL] = "made its interrupts block",
	[VHOST_FAULT_HOLES] = "punched holes in memory that weft was using, which held it up (a balloon's do not)",
};

const char *
weft_ring_fault_text(enum vhost_fault fault)
{
	return fault < VHOST_N_FAULTS ? fault_texts[fault] : "?";
}
