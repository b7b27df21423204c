// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "matrix.h"

#include <string.h>
#include <unistd.h>

#include "lies.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const uint32_t strange_requests[] = { 0, 64, 100, 255, 256, 65535, UINT32_MAX / 2, UINT32_MAX };
static const enum state field_states[] = { STATE_MEMORY, STATE_RINGS, STATE_SPLIT, STATE_PACKED };
static const unsigned int counts[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 253 };
static const enum file_kind counted[] = { FILE_MEMFD, FILE_EVENT, FILE_PIPE };
static const enum state kind_states[] = { STATE_MEMORY, STATE_RINGS, STATE_SPLIT };

#define KNOWN VHOST_GET_STATUS // requests from 1 on
#define SIZES (sizeof(union vhost_payload) + 2)
#define CUTS  (sizeof(struct vhost_header) + 80) // bytes of a message that come before it breaks off
#define ALL   (VHOST_N_REQUESTS + LEN(strange_requests))
#define KINDS FILE_KINDS
#define REFUSALS                                                                                                       \
	4 // one message in so many does not ask for an acknowledgement: where it is refused, the connection ends

static uint32_t
flags_of(uint64_t i)
{
	return VHOST_VERSION | (i % REFUSALS ? VHOST_NEED_REPLY : 0);
}

// What an honest front end would do next, with frames, so that what was said is used.
static void
finish(struct faker *f)
{
	faker_kick(f);
	faker_enable(f);
	faker_feed(f, 64);
	if (wire_probe(&f->w))
		faker_feed(f, 64);
}

static void
play(struct faker *f, enum state state, const struct lie *lie)
{
	struct door *door = doors_take();

	if (faker_reach(f, door, state) && lie_send(f, lie))
		finish(f);
	wire_close(&f->w);
	doors_give(door, false);
}

static void
play_request(struct faker *f, uint64_t i)
{
	uint32_t request = (uint32_t)(i % ALL);
	struct lie lie;

	lie_honest(&lie, request < VHOST_N_REQUESTS ? request + 1 : strange_requests[request - VHOST_N_REQUESTS]);
	lie.flags |= i / ALL / STATES ? VHOST_NEED_REPLY : 0;
	play(f, i / ALL % STATES, &lie);
}

static void
play_field(struct faker *f, uint64_t i)
{
	const struct field *field = &lie_fields[i % n_lie_fields];
	unsigned int value = (unsigned int)(i / n_lie_fields % LIE_VALUES);
	struct lie lie;

	lie_honest(&lie, field->request);
	lie.flags = flags_of(i / n_lie_fields);
	lie_set(&lie, field, lie_value(value, lie_get(&lie, field)));
	play(f, field_states[i / n_lie_fields / LIE_VALUES], &lie);
}

static void
play_size(struct faker *f, uint64_t i)
{
	struct lie lie;

	lie_honest(&lie, (uint32_t)(i % KNOWN) + 1);
	lie.flags = flags_of(i / KNOWN);
	lie.size = (uint32_t)(i / KNOWN);
	play(f, STATE_RINGS, &lie);
}

static void
play_count(struct faker *f, uint64_t i)
{
	struct lie lie;

	lie_honest(&lie, (uint32_t)(i % KNOWN) + 1);
	i /= KNOWN;
	lie.flags = flags_of(i);
	lie.n_fds = counts[i % LEN(counts)];
	for (unsigned int k = 0; k < lie.n_fds; k++)
		lie.kind[k] = counted[i / LEN(counts)];
	play(f, STATE_RINGS, &lie);
}

static void
play_kind(struct faker *f, uint64_t i)
{
	enum file_kind kind = i / KNOWN % KINDS;
	struct lie lie;

	if (kind == FILE_FUSE)
		return;
	lie_honest(&lie, (uint32_t)(i % KNOWN) + 1);
	lie.flags |= VHOST_NEED_REPLY;
	lie.n_fds = lie.n_fds ? lie.n_fds : 1;
	for (unsigned int k = 0; k < lie.n_fds; k++)
		lie.kind[k] = kind;
	play(f, kind_states[i / KNOWN / KINDS], &lie);
}

// Of a message only the first bytes come, with its descriptors, and then the end.
static void
play_cut(struct faker *f, uint64_t i)
{
	struct door *door = doors_take();
	uint8_t whole[sizeof(struct vhost_header) + sizeof(union vhost_payload)] = { 0 };
	int fds[2] = { f->memory_fd, f->event };
	size_t len = i / KNOWN;
	struct lie lie;

	lie_honest(&lie, (uint32_t)(i % KNOWN) + 1);
	memcpy(whole, &lie, sizeof(struct vhost_header));
	memcpy(whole + sizeof(struct vhost_header), lie.payload, sizeof(lie.payload));
	if (faker_reach(f, door, STATE_RINGS))
		wire_write(&f->w, whole, len, fds, len ? (unsigned int)(i % 3) : 0);
	wire_close(&f->w);
	doors_give(door, false);
}

static const struct part {
	uint64_t n;
	void (*play)(struct faker *f, uint64_t i);
} parts[] = {
	{ ALL * STATES * 2, play_request },
	{ LIE_VALUES * LEN(field_states), play_field }, // times n_lie_fields
	{ KNOWN * SIZES, play_size },
	{ KNOWN * LEN(counts) * LEN(counted), play_count },
	{ KNOWN * KINDS * LEN(kind_states), play_kind },
	{ KNOWN * CUTS, play_cut },
};

static uint64_t
cases_of(const struct part *part)
{
	return part->n * (part->play == play_field ? n_lie_fields : 1);
}

uint64_t
matrix_cases(void)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < LEN(parts); i++)
		n += cases_of(&parts[i]);
	return n;
}

void
matrix_play(struct faker *f, uint64_t i)
{
	unsigned int part = 0;

	while (i >= cases_of(&parts[part]))
		i -= cases_of(&parts[part++]);
	parts[part].play(f, i);
}

void
matrix_play_fuse(struct faker *f)
{
	static const uint32_t takers[] = { VHOST_SET_MEM_TABLE, VHOST_SET_LOG_BASE, VHOST_SET_VRING_KICK,
		VHOST_SET_VRING_CALL, VHOST_SET_INFLIGHT_FD, VHOST_ADD_MEM_REG, VHOST_GET_FEATURES };

	for (unsigned int i = 0; i < LEN(takers); i++) {
		struct door *door = doors_take();
		struct lie lie;

		lie_honest(&lie, takers[i]);
		lie.n_fds = lie.n_fds ? lie.n_fds : 1;
		for (unsigned int k = 0; k < lie.n_fds; k++)
			lie.kind[k] = FILE_FUSE;
		if (faker_reach(f, door, STATE_RINGS) && lie_send(f, &lie)) {
			faker_kick(f);
			faker_enable(f);
		}
		// The connection has no end before weft can close the file.
		usleep(20000);
		wire_close(&f->w);
		doors_lose(door);
	}
}
