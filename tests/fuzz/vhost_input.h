// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The fuzzer's bytes as numbers and messages of vhost-user. A byte that is 0, or that is not there, stands for what an honest
// front end would say. So short inputs start rings, and each byte of theirs changes one thing.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "vhost/connection.h"
#include "vhost/message.h"

#include "vhost_files.h"

struct input {
	const uint8_t *at;
	size_t left;
};

// The next number; zeros follow the input.
uint8_t input_u8(struct input *in);
uint16_t input_u16(struct input *in);
uint64_t input_u64(struct input *in);

// HONEST, mostly; or a number near it, at a boundary, or any.
uint64_t input_near(struct input *in, uint64_t honest);

// Features of virtio, by the bits of BITS.
uint64_t input_features(uint8_t bits);

// A message as it lies on the wire, and the kinds of its descriptors.
struct fuzz_message {
	struct vhost_header header;
	uint8_t payload[512];
	size_t size; // bytes to send, header and payload
	unsigned int n_files;
	enum fuzz_file files[VHOST_FDS_AT_ONCE];
};

// The next message.
void input_message(struct input *in, struct fuzz_message *m);
