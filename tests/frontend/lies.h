// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Messages as an honest front end sends them, and the ways in which each of them can lie.
#pragma once

#include "faker.h"
#include "files.h"

// A message to be sent.
struct lie {
	uint32_t request, flags, size;
	uint8_t payload[sizeof(union vhost_payload)];
	unsigned int n_fds;
	enum file_kind kind[253];
};

// A field of a message.
struct field {
	uint32_t request;
	uint16_t offset; // in the payload
	uint8_t width;	 // bytes
};

extern const struct field lie_fields[];
extern const unsigned int n_lie_fields;

// How many values lie_value() knows.
#define LIE_VALUES 84

// Value number I for a field that has WIDTH bytes and BEFORE now: a boundary of what fields of its width stand for.
uint64_t lie_value(unsigned int i, uint64_t before);

// Makes the message that an honest front end would send as REQUEST; of an unknown request, one with a word.
void lie_honest(struct lie *lie, uint32_t request);

// Writes VALUE into FIELD, and reads it.
void lie_set(struct lie *lie, const struct field *field, uint64_t value);
uint64_t lie_get(const struct lie *lie, const struct field *field);

// Sends it. FILE_MEMFD is F's own memory.
bool lie_send(struct faker *f, const struct lie *lie);
