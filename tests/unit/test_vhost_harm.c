// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What a front end may do to the worker itself: interrupts that block, memory that goes away, chains that do not end; and what
// a missing check could reach. Its port is stopped, its neighbours go on, and nothing is lost.
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "guest.h"

#include "vhost/rings/call.h"
#include "vhost/rings/chain.h"

#define PAGE UINT64_C(4096)

static void
fill_counter(int fd)
{
	struct pollfd there = { .fd = fd, .events = POLLIN };
	eventfd_t count;

	if (poll(&there, 1, 0) == 1)
		eventfd_read(fd, &count);
	eventfd_write(fd, UINT64_MAX - 1);
}

// The write to a full eventfd that blocks ends after a few milliseconds, and the port is stopped; its neighbour goes on.
static void
test_calls_that_block(void **state)
{
	(void)state;
	weft_call_init();
	for (unsigned int packed = 0; packed < 2; packed++) {
		int call = eventfd(0, 0);
		struct guest g, neighbour;
		uint64_t start, took, longest = 0;

		guest_start(&neighbour, 0, -1);
		guest_start(&g, packed ? PACKED : 0, call);
		fill_counter(call);
		for (unsigned int i = 0; i < 3; i++) {
			guest_send(&g, 5);
			guest_offer(&g, 5);
			start = clock_us();
			guest_echo(&g);
			took = clock_us() - start;
			longest = RTE_MAX(longest, took);
			guest_check_traffic(&neighbour);
		}
		print_message("the longest round took %lu us\n", longest);
		assert_true(longest >= 1000 * WEFT_CALL_LIMIT_MS);
		assert_int_equal(g.l.port->broken, VHOST_FAULT_CALL);
		assert_int_equal(neighbour.l.port->broken, VHOST_FAULT_NONE);
		assert_int_equal(guest_echo(&g), 0);
		// The front ends' thread finds it.
		liar_send(&g.l, VHOST_SET_OWNER, VHOST_VERSION, NULL, 0, NULL, 0);
		assert_true(liar_run(&g.l) < 0);
		liar_close(&g.l);
		guest_close(&neighbour);
		close(call);
	}
}

// The front ends' thread interrupts a guest whose ring starts: it does not stay there either.
static void
test_ring_starts_with_a_call_that_blocks(void **state)
{
	int call = eventfd(0, 0);
	uint64_t start;
	struct guest g;

	(void)state;
	weft_call_init();
	guest_init(&g, 0);
	fill_counter(call);
	start = clock_us();
	assert_true(guest_start_ring(&g, 0, call) < 0 || guest_start_ring(&g, 1, call) < 0);
	print_message("it took %lu us\n", clock_us() - start);
	assert_int_equal(g.l.ended, -EFAULT);
	guest_close(&g);
	close(call);
}

// A full counter that does not block is no fault: the guest has an interrupt to come.
static void
test_full_counters_that_do_not_block(void **state)
{
	int call = eventfd(0, EFD_NONBLOCK);
	struct guest g;

	(void)state;
	guest_start(&g, 0, call);
	fill_counter(call);
	guest_check_traffic(&g);
	assert_int_equal(g.l.port->broken, VHOST_FAULT_NONE);
	guest_close(&g);
	close(call);
}

// The file behind the memory is cut at each page, before and between bursts: nothing crashes, no mbuf is lost, and the port
// stops; its neighbour goes on.
static void
test_memory_that_is_cut(void **state)
{
	unsigned int stopped = 0;

	(void)state;
	vhost_guard_init();
	for (unsigned int i = 0; i < 2 * RTE_DIM(guest_layouts); i++) {
		struct guest neighbour;

		guest_start(&neighbour, guest_layouts[i % RTE_DIM(guest_layouts)], -1);
		for (uint64_t left = 0; left < LIAR_SIZE; left += left < 3 * GUEST_PART ? PAGE : 5 * PAGE) {
			int call = eventfd(0, EFD_NONBLOCK);
			struct guest g;

			guest_start(&g, guest_layouts[i % RTE_DIM(guest_layouts)], call);
			if (i >= RTE_DIM(guest_layouts))
				guest_check_traffic(&g);
			guest_send(&g, 30);
			assert_int_equal(ftruncate(g.l.memory_fd, (off_t)left), 0);
			for (unsigned int k = 0; k < 3; k++)
				guest_echo(&g);
			assert_int_equal(rte_mempool_avail_count(guest_pool), GUEST_POOL);
			if (g.l.port->broken) {
				assert_int_equal(g.l.port->broken, VHOST_FAULT_MEMORY);
				assert_int_equal(guest_echo(&g), 0);
				stopped++;
			}
			// The front ends' thread loads the rings, and faults too.
			liar_send(&g.l, VHOST_SET_STATUS, VHOST_VERSION, &(uint64_t){ 15 }, 8, NULL, 0);
			liar_run(&g.l);
			guest_close(&g);
			close(call);
			if (left % (16 * PAGE) == 0)
				guest_check_traffic(&neighbour);
		}
		guest_close(&neighbour);
	}
	print_message("%u guests stopped\n", stopped);
	assert_true(stopped > 200);
}

// A second wall: a check of weft's is broken on purpose, and what it let through reaches a guard, not another guest.
static void
test_missing_checks(void **state)
{
	(void)state;
	vhost_guard_init();
	for (unsigned int i = 0; i < 2 * RTE_DIM(guest_layouts) * 6; i++) {
		uint64_t features = guest_layouts[i % RTE_DIM(guest_layouts)];
		unsigned int which = i / RTE_DIM(guest_layouts) % 6;
		struct guest g, victim;
		struct vhost_ring *ring;
		uint8_t *end;

		guest_start(&victim, 0, -1);
		guest_start(&g, features, -1);
		memset(victim.l.memory + 3 * GUEST_PART, 0x5a, LIAR_DATA - 3 * GUEST_PART);
		ring = &g.l.port->rings[i / RTE_DIM(guest_layouts) / 6];
		end = g.l.port->memory->table.regions[0].hva + LIAR_SIZE;
		guest_send(&g, 20);
		guest_offer(&g, 20);
		switch (which) {
		case 0: // a table that is not all in its region
			ring->desc = (void *)(end - (features & PACKED ? 0 : 16));
			break;
		case 1:
			ring->avail = (void *)(end - 4);
			break;
		case 2:
			ring->used = (void *)(end - 4);
			break;
		case 3: // a region that is longer than it is
			g.l.port->memory->table.regions[0].size += UINT32_MAX;
			for (unsigned int k = 0; k < GUEST_RING; k++)
				g.d[ring->index].desc[k].addr = LIAR_GPA + LIAR_SIZE - 20;
			break;
		case 4:
			g.l.port->memory->table.regions[0].size += UINT32_MAX;
			for (unsigned int k = 0; k < GUEST_RING; k++)
				g.d[ring->index].desc[k].addr = LIAR_GPA + LIAR_SIZE + (UINT64_C(1) << 31) + k * PAGE;
			break;
		default: // a place that is not in the ring
			ring->next = ring->seen = 0x7fff;
			ring->size = 0x8000;
		}
		for (unsigned int k = 0; k < 4; k++)
			guest_echo(&g);
		if (which != 1 && which != 2 && which != 5 && g.l.port->broken != VHOST_FAULT_STRAY)
			fail_msg("check %u, features 0x%lx: broken %u", which, features, g.l.port->broken);
		assert_int_equal(rte_mempool_avail_count(guest_pool), GUEST_POOL);
		for (uint64_t k = 3 * GUEST_PART; k < LIAR_DATA; k++)
			assert_int_equal(victim.l.memory[k], 0x5a);
		guest_check_traffic(&victim);
		g.l.port->memory->table.regions[0].size = LIAR_SIZE;
		guest_close(&g);
		guest_close(&victim);
	}
}

// Chains of empty descriptors, and of as many as there may be: a burst walks a bounded number.
static void
test_long_chains(void **state)
{
	(void)state;
	for (unsigned int empty = 0; empty < 2; empty++) {
		for (unsigned int r = 0; r < 2; r++) {
			uint64_t longest = 0;
			struct guest g;

			guest_start(&g, FEATURE(VIRTIO_NET_F_MRG_RXBUF), -1);
			// Every entry stands for a chain through all descriptors, most of which are empty.
			for (uint32_t i = 0; i < GUEST_RING; i++) {
				g.d[r].desc[i] = (struct vring_desc){ .addr = LIAR_GPA + LIAR_DATA + i,
					.len = empty ? 0 : 1,
					.flags = VRING_DESC_F_NEXT | (r ? 0 : VRING_DESC_F_WRITE),
					.next = (uint16_t)((i + 1) % GUEST_RING) };
				g.d[r].avail->ring[i] = (uint16_t)i;
			}
			g.d[r].desc[GUEST_RING - 1].flags = r ? 0 : VRING_DESC_F_WRITE;
			g.d[r].desc[GUEST_RING - 1].len = empty ? 0 : 100;
			g.d[r].avail->idx = GUEST_RING;
			if (r == 0)
				guest_send(&g, 32);
			for (unsigned int i = 0; i < 20; i++) {
				uint64_t start = clock_us();

				guest_echo(&g);
				longest = RTE_MAX(longest, clock_us() - start);
				assert_true(g.l.port->rings[r].walked < VHOST_BURST_WALK + VHOST_CHAIN_MAX);
			}
			print_message(
				"ring %u, %s: the longest round took %lu us\n", r, empty ? "empty" : "full", longest);
			liar_close(&g.l);
			assert_int_equal(rte_mempool_avail_count(guest_pool), GUEST_POOL);
		}
	}
}

// The error of a ring that stopped has the value that was wrong.
static void
test_fault_has_its_value(void **state)
{
	struct weft_io_status status = { 0 };
	struct rte_mbuf *pkts[VHOST_BURST];
	int64_t bytes = INT64_MAX;
	struct guest g;

	(void)state;
	for (unsigned int packed = 0; packed < 2; packed++) {
		guest_start(&g, packed ? PACKED : 0, -1);
		guest_send(&g, 1);
		if (packed)
			g.d[1].packed[0].addr = 0xdead000;
		else
			g.d[1].desc[g.d[1].avail->ring[0]].addr = 0xdead000;
		assert_int_equal(weft_vhost_ops.rx(&g.l.io, 0, pkts, VHOST_BURST, &bytes), 0);
		weft_vhost_ops.status(&g.l.io, &status);
		assert_non_null(strstr(status.error, "a buffer outside its memory (address 0xdead000)"));
		guest_close(&g);
	}
	guest_start(&g, 0, -1);
	g.d[1].avail->idx += GUEST_RING + 7;
	assert_int_equal(weft_vhost_ops.rx(&g.l.io, 0, pkts, VHOST_BURST, &bytes), 0);
	weft_vhost_ops.status(&g.l.io, &status);
	assert_non_null(strstr(status.error, "further than the ring is long (by 71)"));
	guest_close(&g);
	guest_start(&g, 0, -1);
	guest_send(&g, 1);
	g.d[1].avail->ring[0] = 5000;
	assert_int_equal(weft_vhost_ops.rx(&g.l.io, 0, pkts, VHOST_BURST, &bytes), 0);
	weft_vhost_ops.status(&g.l.io, &status);
	assert_non_null(strstr(status.error, "that the ring does not have (number 5000)"));
	guest_close(&g);
	// A ring that cannot start: a size, and an address.
	guest_init(&g, 0);
	liar_start_ring(&g.l, 0, -1);
	assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_NUM, 1, 100), 0);
	assert_int_equal(liar_set_addr(&g.l, 1, LIAR_USER, LIAR_USER + 0x4000, LIAR_USER + LIAR_SIZE), 0);
	assert_int_equal(liar_set_u64(&g.l, VHOST_SET_VRING_KICK, 1 | VHOST_VRING_NO_FD, -1), 0);
	assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_ENABLE, 1, 1), 0);
	weft_vhost_ops.status(&g.l.io, &status);
	assert_non_null(strstr(status.error, "a size that is not allowed (100 entries)"));
	guest_stop_ring(&g, 1);
	assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_NUM, 1, 128), 0);
	assert_int_equal(liar_set_u64(&g.l, VHOST_SET_VRING_KICK, 1 | VHOST_VRING_NO_FD, -1), 0);
	weft_vhost_ops.status(&g.l.io, &status);
	assert_non_null(strstr(status.error, "in the memory that there is (address 0x7000200000)"));
	guest_close(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_that_block),
		cmocka_unit_test(test_ring_starts_with_a_call_that_blocks),
		cmocka_unit_test(test_full_counters_that_do_not_block),
		cmocka_unit_test(test_memory_that_is_cut),
		cmocka_unit_test(test_missing_checks),
		cmocka_unit_test(test_long_chains),
		cmocka_unit_test(test_fault_has_its_value),
	};

	return cmocka_run_group_tests(tests, guest_setup, NULL);
}
