// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Memory: another guest's is overwritten, or weftd ends. Where several connections do the same with other numbers, one of them
// finds what lies behind its mapping.
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "seen.h"

// Starts the rings of F, sends frames, and lets weft work on them.
static void
run(struct faker *f)
{
	faker_enable(f);
	for (unsigned int i = 0; i < 4; i++) {
		faker_feed(f, FAKER_RING);
		wire_probe(&f->w);
		usleep(20000);
	}
}

// Comes so far that ring 0 is set up, and ring 1 is N entries long.
static bool
begin(struct faker *f, uint64_t features, uint32_t n)
{
	if (!faker_reach(f, doors_take(), STATE_FRESH))
		return false;
	faker_negotiate(f, features);
	faker_give_memory(f);
	faker_set_up(f, 0);
	faker_tell(f, VHOST_SET_VRING_NUM, 1, n);
	faker_tell(f, VHOST_SET_VRING_BASE, 1, 0);
	faker_say(f, VHOST_SET_VRING_CALL, 1, f->event);
	return true;
}

// Only the first byte of a used ring was looked at.
static const char *
used_ring_at_the_end(struct faker *f)
{
	for (unsigned int i = 0; i < SEEN_FAKERS; i++) {
		if (!begin(&f[i], 0, FAKER_RING))
			continue;
		faker_place_ring(&f[i], 1, FAKER_NEXT + FAKER_DESC, FAKER_NEXT + FAKER_AVAIL, FAKER_SIZE - 8);
		faker_kick(&f[i]);
		run(&f[i]);
	}
	return NULL;
}

// A ring was translated with its old size.
static const char *
ring_that_grows(struct faker *f)
{
	for (unsigned int i = 0; i < SEEN_FAKERS; i++) {
		if (!begin(&f[i], 0, 8))
			continue;
		faker_place_ring(&f[i], 1, FAKER_NEXT + FAKER_DESC, FAKER_NEXT + FAKER_AVAIL, FAKER_SIZE - 4 - 8 * 8);
		faker_kick(&f[i]);
		faker_tell(&f[i], VHOST_SET_VRING_NUM, 1, FAKER_RING);
		run(&f[i]);
	}
	return NULL;
}

// Too long for a hole between other mappings.
#define LONG_LOG (UINT64_C(64) << 20)

// The offset in the log's file was added to where the file was mapped from that offset.
static const char *
log_with_an_offset(struct faker *f)
{
	for (unsigned int i = 0; i < SEEN_FAKERS; i++) {
		// Behind the log lies the memory, and behind that somebody else's, where nothing came between.
		uint64_t offset = LONG_LOG + FAKER_SIZE + (i * 4096ull << i);

		if (ftruncate(f[i].log_fd, (off_t)(offset + LONG_LOG)) ||
			!begin(&f[i], BIT(VHOST_F_LOG_ALL), FAKER_RING))
			continue;
		faker_give_log(&f[i], LONG_LOG, offset);
		faker_place_ring(&f[i], 1, FAKER_NEXT + FAKER_DESC, FAKER_NEXT + FAKER_AVAIL, FAKER_NEXT + FAKER_USED);
		faker_kick(&f[i]);
		run(&f[i]);
	}
	return NULL;
}

// A packed ring's event word became a split ring's used ring.
static const char *
packed_ring_turned_split(struct faker *f)
{
	for (unsigned int i = 0; i < SEEN_FAKERS; i++) {
		if (!begin(&f[i], BIT(VIRTIO_F_RING_PACKED), FAKER_RING))
			continue;
		faker_place_ring(&f[i], 1, FAKER_NEXT + FAKER_DESC, FAKER_NEXT + FAKER_AVAIL, FAKER_SIZE - 4);
		faker_kick(&f[i]);
		f[i].packed = false;
		faker_say(&f[i], VHOST_SET_FEATURES, f[i].features & ~BIT(VIRTIO_F_RING_PACKED), -1);
		run(&f[i]);
	}
	return NULL;
}

static const char *
table_that_cannot_be_mapped(struct faker *f)
{
	union vhost_payload m = { 0 };
	int fd = file_of(FILE_NULL);

	if (!faker_reach(f, doors_take(), STATE_SPLIT))
		return "it could not connect";
	faker_feed(f, FAKER_RING);
	wire_probe(&f->w);
	m.table.n = 1;
	m.table.region[0] = (struct vhost_region){ FAKER_GPA, FAKER_SIZE / 2, FAKER_USER, 0 };
	wire_send(&f->w, VHOST_SET_MEM_TABLE, VHOST_VERSION | VHOST_NEED_REPLY, &m, 40, &fd, 1);
	faker_tell(f, VHOST_SET_VRING_BASE, 0, 0);
	faker_kick(f);
	run(f);
	return NULL;
}

// The log was unmapped by RESET_OWNER, and written to later.
static const char *
log_after_a_reset(struct faker *f)
{
	if (!faker_reach(f, doors_take(), STATE_LOGGED))
		return "it could not connect";
	faker_feed(f, FAKER_RING);
	wire_probe(&f->w);
	faker_ask(f, VHOST_RESET_OWNER);
	memset(f->memory, 0, 2 * FAKER_NEXT);
	f->filled[0] = f->filled[1] = 0;
	faker_negotiate(f, BIT(VHOST_F_LOG_ALL));
	faker_give_memory(f);
	faker_set_up(f, 0);
	faker_set_up(f, 1);
	faker_kick(f);
	run(f);
	return NULL;
}

// What an in-flight page says was used as an index into it.
static const char *
inflight_page_that_lies(struct faker *f)
{
	static const uint16_t last[SEEN_FAKERS] = { 65535, 60000, 48000, 33000, 20000 };

	for (unsigned int i = 0; i < SEEN_FAKERS; i++) {
		// A split ring's page (vhost-user's specification): features, version, entries, the last one, the used index.
		const struct vhost_inflight_area area = { .size = 16384, .n_queues = 2, .queue_size = FAKER_RING };
		uint16_t words[8] = { 0, 0, 0, 0, 1, FAKER_RING, last[i], 7 };
		int pages = file_memory(area.size);

		if (pwrite(pages, words, sizeof(words), 0) < 0 || pwrite(pages, words, sizeof(words), 4160) < 0 ||
			!faker_reach(&f[i], doors_take(), STATE_FEATURES))
			return "it could not connect";
		for (uint32_t r = 0; r < 2; r++)
			faker_tell(&f[i], VHOST_SET_VRING_NUM, r, FAKER_RING);
		wire_send(&f[i].w, VHOST_SET_INFLIGHT_FD, VHOST_VERSION, &area, sizeof(area), &pages, 1);
		close(pages);
		faker_give_memory(&f[i]);
		faker_set_up(&f[i], 0);
		faker_set_up(&f[i], 1);
		faker_kick(&f[i]);
		run(&f[i]);
	}
	return NULL;
}

const struct seen seen_memory[] = {
	{ "used-ring-at-the-end", used_ring_at_the_end },
	{ "ring-that-grows", ring_that_grows },
	{ "log-with-an-offset", log_with_an_offset },
	{ "packed-ring-turned-split", packed_ring_turned_split },
	{ "table-that-cannot-be-mapped", table_that_cannot_be_mapped },
	{ "log-after-a-reset", log_after_a_reset },
	{ "inflight-page-that-lies", inflight_page_that_lies },
	{ NULL, NULL },
};
