// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Others pay: descriptors stay, others wait, and rings stop without an error.
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/rings/frontend.h"

#include "files.h"
#include "seen.h"

const char *seen_path;

static const char *
pages_that_are_refused(struct faker *f)
{
	// No page of a file begins there.
	const struct vhost_inflight_area area = { .size = 32768, .offset = 1, .n_queues = 2, .queue_size = FAKER_RING };

	for (unsigned int i = 0; i < SEEN_FAKERS; i++) {
		if (!faker_reach(&f[i], doors_take(), STATE_FEATURES))
			return "it could not connect";
		for (unsigned int k = 0; k < 40; k++) {
			int fd = file_memory(65536);

			wire_send(&f[i].w, VHOST_SET_INFLIGHT_FD, VHOST_VERSION | VHOST_NEED_REPLY, &area, sizeof(area),
				&fd, 1);
			close(fd);
		}
		wire_probe(&f[i].w);
	}
	return NULL;
}

#define SILENT 3

static _Atomic bool silent_over;

// Sends a header, waits for its end, and comes again.
static void *
stay_silent(void *arg)
{
	const struct vhost_header header = { VHOST_SET_MEM_TABLE, VHOST_VERSION, 40 };
	struct door *door = arg;
	struct wire w;

	while (!atomic_load(&silent_over)) {
		if (!wire_open(&w, door))
			return NULL;
		wire_write(&w, &header, sizeof(header), NULL, 0);
		while (!atomic_load(&silent_over) && wire_drain(&w))
			usleep(1000);
		wire_close(&w);
	}
	return NULL;
}

// How long an honest front end takes to be served, in us; the median of five.
static uint64_t
connect_time(void)
{
	uint64_t took[5];

	for (unsigned int i = 0; i < 5; i++) {
		uint64_t start, t;
		struct frontend f;
		unsigned int at;

		frontend_init(&f, seen_path, BIT(VIRTIO_F_VERSION_1), FAKER_RING, false);
		start = wire_clock_us();
		frontend_connect(&f, 20);
		t = wire_clock_us() - start;
		frontend_close(&f);
		for (at = i; at > 0 && took[at - 1] > t; at--)
			took[at] = took[at - 1];
		took[at] = t;
		usleep(10000);
	}
	return took[2];
}

static const char *
silent_front_ends(struct faker *f)
{
	static char text[100];
	pthread_t threads[SILENT];
	uint64_t before = connect_time(), beside;

	(void)f;
	atomic_store(&silent_over, false);
	for (unsigned int i = 0; i < SILENT; i++)
		pthread_create(&threads[i], NULL, stay_silent, doors_take());
	usleep(50000);
	beside = connect_time();
	atomic_store(&silent_over, true);
	for (unsigned int i = 0; i < SILENT; i++)
		pthread_join(threads[i], NULL);
	snprintf(text, sizeof(text), "an honest front end waits %.1f ms instead of %.1f", (double)beside / 1000,
		(double)before / 1000);
	fprintf(stderr, "%s\n", text);
	return beside > 10 * before + 100000 ? text : NULL;
}

// Waits until weft has used all N entries of the ring from the guest.
static bool
is_used(const struct faker *f, uint16_t n)
{
	for (unsigned int i = 0; i < 3000 && faker_used(f, 1) != n; i++)
		usleep(1000);
	return faker_used(f, 1) == n;
}

static const char *
refusal_while_rings_run(struct faker *f)
{
	const struct vhost_vring_state wrong = { 0, 40000 };

	if (!faker_reach(f, doors_take(), STATE_SPLIT))
		return "it could not connect";
	faker_feed(f, 32);
	if (!is_used(f, 32))
		return "its rings do not run";
	wire_send(&f->w, VHOST_SET_VRING_NUM, VHOST_VERSION | VHOST_NEED_REPLY, &wrong, sizeof(wrong), NULL, 0);
	if (!wire_wait(&f->w, VHOST_SET_VRING_NUM) || f->w.answer.u64 == 0)
		return "weft does not say that it refuses a ring of 40,000 entries";
	faker_feed(f, 32);
	return is_used(f, 64) ? NULL : "its rings stopped with the message that was refused";
}

const struct seen seen_others[] = {
	{ "pages-that-are-refused", pages_that_are_refused },
	{ "silent-front-ends", silent_front_ends },
	{ "refusal-while-rings-run", refusal_while_rings_run },
	{ NULL, NULL },
};
