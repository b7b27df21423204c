// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// In-flight pages: contents and sizes that lie, and a place that outlives a connection.
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

// In-flight pages are the front end's: whatever stands in them, a place within the ring comes out.
static void
test_inflight_pages_that_lie(void **state)
{
	struct vhost_inflight_area area = { .size = 1 << 20, .n_queues = 2, .queue_size = GUEST_RING };
	int pages = memfd_create("pages", MFD_CLOEXEC);
	uint64_t random = 7;
	uint8_t *at;

	(void)state;
	assert_int_equal(ftruncate(pages, 1 << 20), 0);
	at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, pages, 0);
	for (unsigned int i = 0; i < 300; i++) {
		struct guest g;

		for (unsigned int k = 0; k < 1 << 14; k++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			// All bytes at random, or those that make a long walk.
			at[k] = i % 3 == 0 ? (uint8_t)(random >> 40) : i % 3 == 1 ? 0xff : (uint8_t)(random >> 62);
		}
		guest_init(&g, i & 1 ? PACKED : 0);
		assert_int_equal(liar_tell(&g.l, VHOST_SET_INFLIGHT_FD, &area, sizeof(area), pages), 0);
		assert_int_equal(guest_start_ring(&g, 0, -1), 0);
		assert_int_equal(guest_start_ring(&g, 1, -1), 0);
		for (unsigned int r = 0; r < 2; r++)
			assert_true(!(i & 1) || g.l.port->rings[r].next < GUEST_RING);
		guest_offer(&g, 10);
		guest_send(&g, 10);
		for (unsigned int k = 0; k < 5; k++)
			guest_echo(&g);
		// The same again while the rings run.
		assert_int_equal(liar_tell(&g.l, VHOST_SET_INFLIGHT_FD, &area, sizeof(area), pages), 0);
		guest_echo(&g);
		guest_close(&g);
	}
	munmap(at, 1 << 20);
	close(pages);
}

static void
test_inflight_sizes(void **state)
{
	static const struct {
		struct vhost_inflight_area area;
		int told[2]; // split, packed
	} areas[] = {
		{ { .size = 1 << 20, .n_queues = 0, .queue_size = GUEST_RING }, { 1, 1 } },
		{ { .size = 1 << 20, .n_queues = 2, .queue_size = 0 }, { 1, 1 } },
		{ { .size = 1 << 20, .n_queues = 17, .queue_size = GUEST_RING }, { 1, 1 } },
		{ { .size = 1 << 20, .n_queues = 2, .queue_size = 32769 }, { 1, 1 } },
		{ { .size = 1 << 20, .n_queues = 16, .queue_size = 32768 }, { 1, 1 } },
		{ { .size = UINT64_MAX, .n_queues = 16, .queue_size = 32768 }, { 1, 1 } },
		{ { .size = UINT64_MAX, .n_queues = 1, .queue_size = 16 }, { 0, 0 } },
		{ { .size = 2 * 1088, .n_queues = 2, .queue_size = GUEST_RING }, { 0, 1 } },
		{ { .size = 2 * 1088 - 1, .n_queues = 2, .queue_size = GUEST_RING }, { 1, 1 } },
		{ { .size = 2 * 2112, .n_queues = 2, .queue_size = GUEST_RING }, { 0, 0 } },
		{ { .size = 2 * 2112 - 1, .n_queues = 2, .queue_size = GUEST_RING }, { 0, 1 } },
		{ { .size = 4096, .offset = (1 << 20) - 4096, .n_queues = 1, .queue_size = GUEST_RING }, { 0, 0 } },
		{ { .size = 4096, .offset = (1 << 20) - 2112, .n_queues = 1, .queue_size = GUEST_RING }, { 0, 0 } },
		{ { .size = 4096, .offset = (1 << 20) - 2104, .n_queues = 1, .queue_size = GUEST_RING }, { 0, 1 } },
		{ { .size = 4096, .offset = 1 << 20, .n_queues = 1, .queue_size = GUEST_RING }, { 1, 1 } },
		{ { .size = 4096, .offset = UINT64_MAX - 7, .n_queues = 1, .queue_size = GUEST_RING }, { 1, 1 } },
		{ { .size = 4096, .offset = 4, .n_queues = 1, .queue_size = GUEST_RING }, { 1, 1 } },
	};
	int pages = memfd_create("pages", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(pages, 1 << 20), 0);
	for (unsigned int packed = 0; packed < 2; packed++) {
		for (unsigned int i = 0; i < RTE_DIM(areas); i++) {
			struct guest g;
			int told;

			guest_init(&g, packed ? PACKED : 0);
			told = liar_tell(&g.l, VHOST_SET_INFLIGHT_FD, &areas[i].area, sizeof(areas[i].area), pages);
			if (told != areas[i].told[packed])
				fail_msg("area %u, packed %u: %d", i, packed, told);
			guest_close(&g);
		}
	}
	close(pages);
}

// Pages that weft makes itself: the place outlives a connection.
static void
test_inflight_pages_keep_the_place(void **state)
{
	struct vhost_inflight_area area = { .n_queues = 2, .queue_size = GUEST_RING };
	union vhost_payload answer;
	struct guest g, next;
	int pages;

	(void)state;
	guest_init(&g, PACKED);
	liar_send(&g.l, VHOST_GET_INFLIGHT_FD, VHOST_VERSION, &area, sizeof(area), NULL, 0);
	assert_int_equal(liar_run(&g.l), 0);
	assert_int_equal(liar_answer(&g.l, VHOST_GET_INFLIGHT_FD, &answer, &pages), sizeof(area));
	assert_int_equal(liar_tell(&g.l, VHOST_SET_INFLIGHT_FD, &answer.inflight, sizeof(area), pages), 0);
	assert_int_equal(guest_start_ring(&g, 0, -1), 0);
	assert_int_equal(guest_start_ring(&g, 1, -1), 0);
	guest_offer(&g, GUEST_RING / 2);
	guest_check_traffic(&g);
	liar_settle(&g.l);
	// The next weft has the guest's memory and the pages, and a front end that knows nothing of the place.
	guest_init(&next, PACKED);
	memcpy(next.l.memory, g.l.memory, LIAR_SIZE);
	for (unsigned int i = 0; i < 2; i++) {
		uint8_t *base = next.d[i].base;

		next.d[i] = g.d[i];
		next.d[i].base = base;
		next.d[i].packed = (void *)base;
		next.d[i].avail = (void *)(base + ((uint8_t *)g.d[i].avail - g.d[i].base));
		next.d[i].used = (void *)(base + ((uint8_t *)g.d[i].used - g.d[i].base));
		next.d[i].tables = base + (g.d[i].tables - g.d[i].base);
	}
	next.offered = g.offered;
	next.sent = g.sent;
	next.received = g.received;
	assert_int_equal(liar_tell(&next.l, VHOST_SET_INFLIGHT_FD, &answer.inflight, sizeof(area), pages), 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(guest_start_ring(&next, i, -1), 0);
		assert_int_equal(next.l.port->rings[i].next, g.l.port->rings[i].next);
		assert_int_equal(next.l.port->rings[i].wrap, g.l.port->rings[i].wrap);
	}
	guest_check_traffic(&next);
	liar_close(&next.l);
	close(pages);
	guest_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inflight_pages_that_lie),
		cmocka_unit_test(test_inflight_sizes),
		cmocka_unit_test(test_inflight_pages_keep_the_place),
	};

	return cmocka_run_group_tests(tests, guest_setup, NULL);
}
