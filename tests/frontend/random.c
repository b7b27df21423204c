// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/random.h"

#include "lies.h"
#include "matrix.h"

#define PER_CONNECTION 3500 // what weft takes of one at once
#define BATCH	       15
#define CROWD	       64

static uint32_t
below(uint64_t *random, uint32_t n)
{
	return random_next(random) % n;
}

static uint64_t
any_value(uint64_t *random, uint64_t before)
{
	return below(random, 4) ? lie_value(below(random, LIE_VALUES), before)
				: (uint64_t)random_next(random) << 32 | random_next(random);
}

// Lies in a field, in two of them, in the payload as a whole, in the size, or in the descriptors; or not at all.
static void
make_lie(struct lie *lie, uint64_t *random)
{
	const struct field *field = &lie_fields[below(random, n_lie_fields)];

	// Where these are refused, or turn acknowledgements off, the connection ends.
	while ((field->request == VHOST_SET_LOG_BASE || field->request == VHOST_GET_INFLIGHT_FD ||
		       field->request == VHOST_SET_PROTOCOL_FEATURES) &&
		below(random, 64))
		field = &lie_fields[below(random, n_lie_fields)];
	lie_honest(lie, field->request);
	switch (below(random, 16)) {
	case 0:
		lie_honest(lie, 1 + below(random, VHOST_N_REQUESTS + 2));
		break;
	case 1:
		for (uint32_t i = 0; i < lie->size; i++)
			lie->payload[i] = (uint8_t)random_next(random);
		break;
	case 2:
		lie->size = below(random, sizeof(lie->payload) + 1);
		break;
	case 3:
		lie->n_fds = below(random, 64) ? below(random, VHOST_MAX_FDS + 1) : 253;
		for (unsigned int i = 0; i < lie->n_fds; i++)
			lie->kind[i] = below(random, 3);
		break;
	case 4:
	case 5:
	case 6:
		break;
	case 7:
		lie_set(lie, field, any_value(random, lie_get(lie, field)));
		field += field + 1 < lie_fields + n_lie_fields && field[1].request == lie->request;
		lie_set(lie, field, any_value(random, lie_get(lie, field)));
		break;
	default:
		lie_set(lie, field, any_value(random, lie_get(lie, field)));
	}
	// A descriptor of a strange kind ends the connection at once.
	if (lie->n_fds && below(random, 256) == 0)
		lie->kind[below(random, lie->n_fds)] = below(random, FILE_KINDS);
	for (unsigned int i = 0; i < lie->n_fds; i++)
		if (lie->kind[i] == FILE_FUSE || (lie->kind[i] == FILE_EVENT_FULL && below(random, 8)))
			lie->kind[i] = FILE_EVENT;
	lie->flags |= below(random, 256) ? VHOST_NEED_REPLY : 0;
	if (below(random, 1024) == 0)
		lie->flags = random_next(random);
}

// Writes over the rings.
static void
scribble(struct faker *f, uint64_t *random)
{
	for (unsigned int i = 0; i < 32; i++) {
		uint64_t at = below(random, 2 * FAKER_NEXT / 8) * 8, value = any_value(random, FAKER_GPA + FAKER_DATA);

		// Where the entries are that weft looks at next.
		if (i % 2)
			at = at / FAKER_NEXT * FAKER_NEXT + below(random, 3) * FAKER_AVAIL + below(random, 16) * 8;
		memcpy(f->memory + at, &value, sizeof(value));
	}
}

// Says one thing, or does something to the memory. False: the memory is cut, and not ours to write to any more.
static bool
play_one(struct faker *f, uint64_t *random, bool fierce)
{
	uint32_t what = below(random, 128);
	struct lie lie;

	if (what < 4) {
		faker_feed(f, (uint16_t)below(random, 300));
	} else if (what == 4) {
		faker_kick(f);
		faker_enable(f);
	} else if (what < 10 && fierce) {
		scribble(f, random);
	} else if (what == 10 && fierce) {
		return ftruncate(f->memory_fd, below(random, FAKER_SIZE / 4096) * 4096) != 0;
	} else {
		make_lie(&lie, random);
		lie_send(f, &lie);
	}
	return true;
}

// Only what weft has read counts: messages before an answer.
uint64_t
random_play(struct faker *f, uint64_t *random)
{
	struct door *door = doors_take();
	bool fierce = below(random, 8) == 0, whole = true;
	unsigned int n = 1 + below(random, PER_CONNECTION);
	uint64_t said = 0;

	faker_reach(f, door, below(random, 16) ? 1 + below(random, STATES - 1) : STATE_FRESH);
	while (said < n && whole && !f->w.over && !f->w.silent) {
		for (unsigned int i = 0; i < BATCH && whole; i++)
			whole = play_one(f, random, fierce);
		if (wire_probe(&f->w))
			said += BATCH + 1;
	}
	wire_close(&f->w);
	doors_give(door, fierce);
	if (!whole)
		faker_renew(f);
	return said;
}

static struct wire crowd[CROWD];
static unsigned int n_crowd;

void
crowd_come(unsigned int n)
{
	const struct vhost_header header = { VHOST_SET_FEATURES, VHOST_VERSION, 8 };

	for (n_crowd = 0; n_crowd < n && n_crowd < CROWD; n_crowd++) {
		struct wire *w = &crowd[n_crowd];

		if (!wire_open(w, doors_take()))
			continue;
		switch (n_crowd % 4) {
		case 0:
			break;
		case 1:
			wire_write(w, &header, 5, NULL, 0);
			break;
		case 2:
			wire_write(w, &header, sizeof(header), NULL, 0);
			break;
		default: // questions whose answers nobody reads
			for (unsigned int i = 0; i < 3000; i++) {
				struct vhost_header question = { VHOST_GET_FEATURES, VHOST_VERSION, 0 };

				if (send(w->sock, &question, sizeof(question), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
					break;
				atomic_fetch_add(&wire_sums.messages, 1);
			}
		}
	}
}

void
crowd_leave(void)
{
	while (n_crowd) {
		struct wire *w = &crowd[--n_crowd];

		wire_close(w);
		doors_give(w->door, false);
	}
}
