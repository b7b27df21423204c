// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft's own rings on malloc'ed memory: honest guests in all layouts get what they sent; the dirty log has the pages
// that were written and no other; what stops a ring; what an allowance, a place kept over death, and a wish for
// interrupts do.
#include "fixture.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "honest.h"

static struct rte_mempool *pool;

static int
start(void **state)
{
	(void)state;
	pool = arena_pool();
	return 0;
}

static void
step(struct honest *h)
{
	switch (honest_below(&h->random, 4)) {
	case 0:
		honest_offer(h, honest_below(&h->random, 80));
		break;
	case 1:
		honest_send(h, honest_below(&h->random, 60));
		break;
	case 2:
		honest_echo(h, pool);
		break;
	default:
		if (!honest_take(h))
			fail_msg("%s", h->error);
	}
}

static void
test_what_is_sent_comes_back(void **state)
{
	static struct honest h;
	uint64_t random = 1, total = 0;

	(void)state;
	for (unsigned int i = 0; i < 400; i++) {
		uint16_t size = (uint16_t)(8u << honest_below(&random, 5));

		honest_init(&h, i + 1, size, honest_features(&random), false);
		for (unsigned int k = 0; k < 200; k++)
			step(&h);
		// Nothing stays on the way.
		for (unsigned int k = 0; k < 200 && h.received != h.sent; k++) {
			honest_offer(&h, size);
			honest_echo(&h, pool);
			if (!honest_take(&h))
				fail_msg("%s", h.error);
		}
		if (h.received != h.sent)
			fail_msg("%u of %u frames came (features 0x%lx, %u entries, faults %u %u)", h.received, h.sent,
				h.arena.driver[0].features, size, h.arena.ring[0].fault, h.arena.ring[1].fault);
		assert_int_equal(h.arena.ring[0].fault | h.arena.ring[1].fault, 0);
		total += h.sent;
		honest_free(&h);
	}
	assert_true(total > 50000);
	assert_int_equal(rte_mempool_avail_count(pool), 2047);
}

// The pages that differ from BEFORE are those that were marked.
static void
check_marks(struct arena *a, uint8_t *const before[ARENA_REGIONS])
{
	unsigned int n_marked = 0, n_bits = 0;

	for (unsigned int i = 0; i < ARENA_REGIONS; i++) {
		for (uint64_t off = 0; off < a->length[i]; off += 4096) {
			uint64_t len = RTE_MIN(a->length[i] - off, UINT64_C(4096));
			bool changed = memcmp(a->memory[i] + off, before[i] + off, len) != 0;
			bool marked = arena_marked(a, a->table.regions[i].gpa + off);

			n_marked += marked;
			if (changed != marked)
				fail_msg("region %u, page %lu: %s, %s", i, off / 4096,
					changed ? "written" : "not written", marked ? "marked" : "not marked");
		}
	}
	for (uint64_t i = 0; i < a->log.size; i++)
		n_bits += (unsigned int)__builtin_popcount(a->log.bits[i]);
	assert_int_equal(n_bits, n_marked);
}

static void
note(const struct arena *a, uint8_t *before[ARENA_REGIONS])
{
	for (unsigned int i = 0; i < ARENA_REGIONS; i++) {
		before[i] = malloc(a->length[i]);
		memcpy(before[i], a->memory[i], a->length[i]);
	}
	memset(a->log.bits, 0, a->log.size);
}

static void
test_dirty_log_is_exact(void **state)
{
	static struct honest h;
	uint64_t random = 5;
	uint8_t *before[ARENA_REGIONS];

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		uint16_t size = (uint16_t)(8u << honest_below(&random, 5));

		honest_init(&h, 1000 + i, size, honest_features(&random), true);
		for (unsigned int k = 0; k < 20; k++) {
			honest_offer(&h, 40);
			honest_send(&h, 40);
			// Receive buffers hold something else than what they will.
			for (uint64_t b = 0; b < size * h.slot; b++) {
				uint8_t byte = (uint8_t)(b * 13 + (b >> 8) * 5 + k * 37 + 128);

				arena_write(&h.arena, ARENA_DATA_GPA + b, &byte, 1);
			}
			note(&h.arena, before);
			honest_echo(&h, pool);
			check_marks(&h.arena, before);
			for (unsigned int r = 0; r < ARENA_REGIONS; r++)
				free(before[r]);
			if (!honest_take(&h))
				fail_msg("%s", h.error);
		}
		honest_free(&h);
	}
}

// One buffer of one piece at ring R, with a frame of LEN bytes where it comes from the guest.
static void
add_plain(struct arena *a, unsigned int r, uint64_t gpa, uint32_t len)
{
	struct piece piece = { gpa, a->ring[r].header + len };

	assert_true(driver_add(&a->driver[r], &piece, 1, false, 0));
}

static uint16_t
read_some(struct arena *a, uint16_t n, int64_t *bytes)
{
	struct rte_mbuf *pkts[VHOST_BURST];
	uint16_t got = a->ring[1].ops->dequeue(&a->ring[1], pool, pkts, n, bytes);

	rte_pktmbuf_free_bulk(pkts, got);
	return got;
}

static void
test_allowance(void **state)
{
	struct arena a;
	int64_t bytes = 250;

	(void)state;
	for (unsigned int packed = 0; packed < 2; packed++) {
		arena_init(&a, 64, FEATURE(VIRTIO_F_VERSION_1) | (packed ? FEATURE(VIRTIO_F_RING_PACKED) : 0), false);
		for (unsigned int i = 0; i < 10; i++)
			add_plain(&a, 1, ARENA_DATA_GPA + i * 200, 100);
		bytes = 250;
		assert_int_equal(read_some(&a, 32, &bytes), 3);
		assert_int_equal(bytes, -50);
		assert_int_equal(read_some(&a, 32, &bytes), 0);
		bytes = 1000;
		assert_int_equal(read_some(&a, 2, &bytes), 2);
		assert_int_equal(bytes, 800);
		assert_int_equal(read_some(&a, 32, &bytes), 5);
		arena_free(&a);
	}
}

// Rings that stop, each with its fault, and give nothing any more.
static void
test_faults(void **state)
{
	static const struct {
		enum vhost_fault fault;
		struct vring_desc desc;
	} lies[] = {
		{ VHOST_FAULT_ADDRESS, { 0xdead0000, 100, 0, 0 } },
		{ VHOST_FAULT_ADDRESS, { ARENA_DATA_GPA + ARENA_DATA - 8, 100, 0, 0 } },
		{ VHOST_FAULT_ADDRESS, { UINT64_MAX - 50, 100, 0, 0 } },
		{ VHOST_FAULT_ADDRESS, { ARENA_DATA_GPA, UINT32_MAX, 0, 0 } },
		{ VHOST_FAULT_LENGTH, { ARENA_DATA_GPA, 100000, 0, 0 } },
		{ VHOST_FAULT_CHAIN, { ARENA_DATA_GPA, 10, VRING_DESC_F_NEXT, 0 } },
		{ VHOST_FAULT_CHAIN, { ARENA_DATA_GPA, 10, VRING_DESC_F_NEXT, 60000 } },
		{ VHOST_FAULT_INDIRECT, { ARENA_DATA_GPA, 16, VRING_DESC_F_INDIRECT, 0 } },
		{ VHOST_FAULT_DIRECTION, { ARENA_DATA_GPA, 100, VRING_DESC_F_WRITE, 0 } },
	};

	(void)state;
	for (unsigned int i = 0; i < 2 * RTE_DIM(lies); i++) {
		const struct vring_desc *lie = &lies[i / 2].desc;
		int64_t bytes = INT64_MAX;
		bool packed = i % 2;
		struct arena a;

		// A packed chain goes on with the next slot: it has no next to lie with.
		if (packed && lies[i / 2].fault == VHOST_FAULT_CHAIN)
			continue;
		arena_init(&a, 16, FEATURE(VIRTIO_F_VERSION_1) | (packed ? FEATURE(VIRTIO_F_RING_PACKED) : 0), false);
		add_plain(&a, 1, ARENA_DATA_GPA, 100);
		add_plain(&a, 1, ARENA_DATA_GPA, 100);
		if (packed) {
			a.driver[1].packed[1].addr = lie->addr;
			a.driver[1].packed[1].len = lie->len;
			a.driver[1].packed[1].flags |= lie->flags;
		} else {
			a.driver[1].desc[a.driver[1].avail->ring[1]] = *lie;
			if (lie->flags & VRING_DESC_F_NEXT && lie->next == 0)
				a.driver[1].desc[a.driver[1].avail->ring[1]].next = a.driver[1].avail->ring[1];
		}
		// What came before the lie is good.
		assert_int_equal(read_some(&a, 32, &bytes), 1);
		assert_int_equal(a.ring[1].fault, lies[i / 2].fault);
		assert_true(strlen(weft_ring_fault_text(a.ring[1].fault)) > 10);
		if (a.ring[1].fault == VHOST_FAULT_DIRECTION)
			assert_int_equal(a.ring[1].fault_value, lie->addr);
		assert_int_equal(a.ring[1].next, 1);
		add_plain(&a, 1, ARENA_DATA_GPA, 100);
		assert_int_equal(read_some(&a, 32, &bytes), 0);
		arena_free(&a);
	}
	assert_int_equal(rte_mempool_avail_count(pool), 2047);
}

static void
test_index_and_head(void **state)
{
	int64_t bytes = INT64_MAX;
	struct arena a;

	(void)state;
	arena_init(&a, 16, FEATURE(VIRTIO_F_VERSION_1), false);
	a.driver[1].avail->idx = 17;
	assert_int_equal(read_some(&a, 32, &bytes), 0);
	assert_int_equal(a.ring[1].fault, VHOST_FAULT_INDEX);
	arena_free(&a);
	arena_init(&a, 16, FEATURE(VIRTIO_F_VERSION_1), false);
	a.driver[1].avail->ring[0] = 16;
	a.driver[1].avail->idx = 1;
	assert_int_equal(read_some(&a, 32, &bytes), 0);
	assert_int_equal(a.ring[1].fault, VHOST_FAULT_HEAD);
	arena_free(&a);
}

// A frame without buffers for it waits; one that no buffer will hold is named.
static void
test_misfit(void **state)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	(void)state;
	rte_pktmbuf_append(m, 1000);
	for (unsigned int packed = 0; packed < 2; packed++) {
		struct arena a;

		arena_init(&a, 16, FEATURE(VIRTIO_F_VERSION_1) | (packed ? FEATURE(VIRTIO_F_RING_PACKED) : 0), false);
		assert_int_equal(a.ring[0].ops->enqueue(&a.ring[0], &m, 1), 0);
		assert_false(a.ring[0].misfit);
		add_plain(&a, 0, ARENA_DATA_GPA, 999);
		assert_int_equal(a.ring[0].ops->enqueue(&a.ring[0], &m, 1), 0);
		assert_true(a.ring[0].misfit);
		assert_int_equal(a.ring[0].fault, 0);
		arena_free(&a);
	}
	rte_pktmbuf_free(m);
}

// A packed ring's place in the front end's page: death after any number of a burst's buffers was given back.
static void
test_packed_place_over_death(void **state)
{
	struct vhost_inflight_packed *page = calloc(1, sizeof(*page) + 16 * sizeof(page->desc[0]));
	int64_t bytes = INT64_MAX;
	struct arena a;
	struct vhost_ring next;

	(void)state;
	page->desc[0].next = 1;
	page->used_wrap_counter = page->old_used_wrap_counter = 1;
	arena_init(&a, 16, FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_F_RING_PACKED), false);
	a.ring[1].inflight = page;
	a.ring[1].lap = 1;
	for (unsigned int lap = 0; lap < 9; lap++) {
		struct vring_packed_desc before[16], after[16];
		struct vhost_inflight_packed then;
		uint16_t start = a.ring[1].next;
		uint32_t cookie, len;

		for (unsigned int i = 0; i < 5; i++)
			add_plain(&a, 1, ARENA_DATA_GPA + i * 200, 100);
		memcpy(before, a.driver[1].packed, sizeof(before));
		then = *page;
		assert_int_equal(read_some(&a, 32, &bytes), 5);
		memcpy(after, a.driver[1].packed, sizeof(after));
		for (unsigned int given = 0; given < 12; given++) {
			// The guest has the first GIVEN of them, and the page does not say so yet; then the same when
			// the guest has made them available again.
			bool again = given >= 6;
			unsigned int n = given % 6;

			memcpy(a.driver[1].packed, before, sizeof(before));
			for (unsigned int i = 0; i < n; i++) {
				a.driver[1].packed[(start + i) % 16] = after[(start + i) % 16];
				if (again)
					a.driver[1].packed[(start + i) % 16].flags ^= 1 << VRING_PACKED_DESC_F_AVAIL;
			}
			page->used_idx = then.used_idx;
			page->used_wrap_counter = then.used_wrap_counter;
			memcpy(page->padding, then.padding, sizeof(page->padding));
			next = a.ring[1];
			next.next = 3;
			weft_packed_recover(&next);
			assert_int_equal(next.next, (start + n) % 16);
			assert_int_equal(next.wrap, (start + n < 16) == then.used_wrap_counter);
			assert_int_equal(page->used_idx, next.next);
			assert_int_equal(page->old_used_idx, next.next);
		}
		memcpy(a.driver[1].packed, after, sizeof(after));
		weft_packed_remember(&a.ring[1]);
		for (unsigned int i = 0; i < 5; i++)
			assert_true(driver_take(&a.driver[1], &cookie, &len));
	}
	// A page that was cleared says nothing.
	memset(page, 0, sizeof(*page) + sizeof(page->desc[0]));
	next = a.ring[1];
	weft_packed_recover(&next);
	assert_int_equal(next.next, a.ring[1].next);
	arena_free(&a);
	free(page);
}

static unsigned int
interrupts(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? (unsigned int)n : 0;
}

static void
test_interrupts(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	int64_t bytes = INT64_MAX;
	struct arena a;

	(void)state;
	// Flags: one for a burst, none where the guest wants none.
	arena_init(&a, 16, FEATURE(VIRTIO_F_VERSION_1), false);
	a.ring[1].call = fd;
	for (unsigned int i = 0; i < 4; i++) {
		add_plain(&a, 1, ARENA_DATA_GPA, 100);
		add_plain(&a, 1, ARENA_DATA_GPA, 100);
		a.driver[1].avail->flags = i & 1;
		assert_int_equal(read_some(&a, 32, &bytes), 2);
		a.ring[1].ops->notify(&a.ring[1]);
		a.ring[1].ops->notify(&a.ring[1]);
		assert_int_equal(interrupts(fd), !(i & 1));
	}
	arena_free(&a);
	// Event index: once the one that the guest named is used.
	arena_init(&a, 16, FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_RING_F_EVENT_IDX), false);
	a.ring[1].call = fd;
	a.driver[1].avail->ring[16] = 4;
	for (unsigned int i = 0; i < 8; i++) {
		add_plain(&a, 1, ARENA_DATA_GPA, 100);
		assert_int_equal(read_some(&a, 32, &bytes), 1);
		a.ring[1].ops->notify(&a.ring[1]);
		assert_int_equal(interrupts(fd), i == 0 || i == 4);
	}
	arena_free(&a);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_sent_comes_back),
		cmocka_unit_test(test_dirty_log_is_exact),
		cmocka_unit_test(test_allowance),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_index_and_head),
		cmocka_unit_test(test_misfit),
		cmocka_unit_test(test_packed_place_over_death),
		cmocka_unit_test(test_interrupts),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
