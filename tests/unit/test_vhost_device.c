// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Rings as a front end sets them up: where they may lie, when they run, and what happens when memory, size, features or other
// things change under them.
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "guest.h"

#define PAGE UINT64_C(4096)

static void
test_frames_go_through(void **state)
{
	struct guest g;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(guest_layouts); i++) {
		guest_start(&g, guest_layouts[i], -1);
		guest_check_traffic(&g);
		guest_close(&g);
	}
}

// Messages that come while frames do: none is lost, repeated, or held up.
static void
test_messages_under_traffic(void **state)
{
	int call = eventfd(0, EFD_NONBLOCK);
	uint64_t features;
	struct guest g;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(guest_layouts); i++) {
		guest_start(&g, guest_layouts[i], -1);
		features = atomic_load(&g.l.port->features);
		for (unsigned int k = 0; k < 40; k++) {
			guest_send(&g, 7);
			guest_offer(&g, 7);
			switch (k % 8) {
			case 0:
				assert_int_equal(
					liar_set_u64(&g.l, VHOST_SET_FEATURES, features | 1ULL << VHOST_F_LOG_ALL, -1),
					0);
				break;
			case 1:
				assert_int_equal(liar_set_u64(&g.l, VHOST_SET_FEATURES, features, -1), 0);
				break;
			case 2:
				assert_int_equal(liar_set_u64(&g.l, VHOST_SET_VRING_CALL, k & 1, call), 0);
				break;
			case 3:
				assert_int_equal(liar_set_region(&g.l, VHOST_SET_MEM_TABLE, LIAR_GPA, LIAR_SIZE,
							 LIAR_USER, 0, g.l.memory_fd),
					0);
				break;
			case 4: // refused
				assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_NUM, 0, 8), 1);
				break;
			case 5:
				assert_int_equal(liar_set_region(&g.l, VHOST_ADD_MEM_REG, LIAR_GPA + LIAR_SIZE, PAGE,
							 LIAR_USER + LIAR_SIZE, 0, g.l.memory_fd),
					0);
				break;
			case 6:
				assert_int_equal(liar_set_region(&g.l, VHOST_REM_MEM_REG, LIAR_GPA + LIAR_SIZE, PAGE,
							 LIAR_USER + LIAR_SIZE, 0, -1),
					0);
				break;
			default:
				assert_int_equal(liar_set_u64(&g.l, VHOST_SET_STATUS, 15, -1), 0);
			}
			assert_true(atomic_load(&g.l.io.link));
			guest_echo(&g);
			guest_take(&g);
		}
		while (guest_echo(&g))
			guest_take(&g);
		assert_int_equal(g.sent, g.received);
		guest_close(&g);
	}
	close(call);
}

// A ring's part that starts LEFT bytes before the end of its region.
static void
place_part(struct guest *g, unsigned int part, uint64_t left)
{
	uint64_t at[3] = { LIAR_USER + GUEST_PART, LIAR_USER + GUEST_PART + 0x4000, LIAR_USER + GUEST_PART + 0x8000 };

	at[part] = LIAR_USER + LIAR_SIZE - left;
	assert_int_equal(liar_set_addr(&g->l, 1, at[0], at[1], at[2]), 0);
}

// Each part's whole extent lies in one region, or the ring does not run; and not a byte behind the region is written.
static void
test_parts_at_the_end_of_memory(void **state)
{
	// Bytes of each part: descriptors, available, used; with and without event words.
	static const struct {
		uint64_t features, bytes[3], step[3];
	} parts[] = {
		{ 0, { GUEST_RING * 16, 4 + GUEST_RING * 2, 4 + GUEST_RING * 8 }, { 16, 2, 4 } },
		{ FEATURE(VIRTIO_RING_F_EVENT_IDX), { GUEST_RING * 16, 6 + GUEST_RING * 2, 6 + GUEST_RING * 8 },
			{ 16, 2, 4 } },
		{ PACKED, { GUEST_RING * 16, 4, 4 }, { 16, 4, 4 } },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(parts); i++) {
		for (unsigned int part = 0; part < 3; part++) {
			for (uint64_t left = parts[i].step[part]; left <= parts[i].bytes[part] + 16;
				left += parts[i].step[part]) {
				bool fits = left >= parts[i].bytes[part];
				struct guest g;

				guest_init(&g, parts[i].features);
				assert_int_equal(guest_start_ring(&g, 0, -1), 0);
				assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_NUM, 1, GUEST_RING), 0);
				place_part(&g, part, left);
				assert_int_equal(
					liar_set_u64(&g.l, VHOST_SET_VRING_KICK, 1 | VHOST_VRING_NO_FD, -1), 0);
				assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_ENABLE, 1, 1), 0);
				if ((atomic_load(&g.l.port->from_guest) == 1) != fits)
					fail_msg("features 0x%lx, part %u, %lu bytes", parts[i].features, part, left);
				assert_int_equal(g.l.port->rings[1].fault, fits ? VHOST_FAULT_NONE : VHOST_FAULT_SETUP);
				guest_echo(&g);
				guest_close(&g);
			}
		}
	}
}

static void
test_alignment(void **state)
{
	struct guest g;

	(void)state;
	for (unsigned int packed = 0; packed < 2; packed++) {
		const uint64_t align[3] = { 16, packed ? 4 : 2, 4 };

		for (unsigned int part = 0; part < 3; part++) {
			for (uint64_t off = 0; off < 32; off++) {
				uint64_t at[3] = { LIAR_USER + GUEST_PART, LIAR_USER + GUEST_PART + 0x4000,
					LIAR_USER + GUEST_PART + 0x8000 };

				at[part] += off;
				guest_init(&g, packed ? PACKED : 0);
				assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_NUM, 1, GUEST_RING), 0);
				assert_int_equal(liar_set_addr(&g.l, 1, at[0], at[1], at[2]), 0);
				assert_int_equal(
					liar_set_u64(&g.l, VHOST_SET_VRING_KICK, 1 | VHOST_VRING_NO_FD, -1), 0);
				assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_ENABLE, 1, 1), 0);
				assert_int_equal(atomic_load(&g.l.port->from_guest) == 1, off % align[part] == 0);
				guest_close(&g);
			}
		}
	}
}

// The size grows after the addresses were said, and they do not fit any more.
static void
test_size_that_grows(void **state)
{
	struct guest g;

	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		guest_init(&g, 0);
		assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_NUM, 1, 1), 0);
		place_part(&g, 2, 4 + 8 * GUEST_RING);
		assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_NUM, 1, num), 0);
		assert_int_equal(liar_set_u64(&g.l, VHOST_SET_VRING_KICK, 1 | VHOST_VRING_NO_FD, -1), 0);
		assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_ENABLE, 1, 1), 0);
		assert_int_equal(atomic_load(&g.l.port->from_guest), num <= GUEST_RING);
		// And not while the ring runs.
		assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_NUM, 1, 32768), 1);
		guest_echo(&g);
		guest_close(&g);
	}
	// Sizes that are no power of two are for packed rings only.
	for (unsigned int packed = 0; packed < 2; packed++) {
		guest_init(&g, packed ? PACKED : 0);
		assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_NUM, 1, 100), 0);
		place_part(&g, 2, PAGE);
		assert_int_equal(liar_set_u64(&g.l, VHOST_SET_VRING_KICK, 1 | VHOST_VRING_NO_FD, -1), 0);
		assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_ENABLE, 1, 1), 0);
		assert_int_equal(atomic_load(&g.l.port->from_guest), packed);
		guest_close(&g);
	}
}

// A packed ring with its event words at the very end; then it is stopped, and split.
static void
test_packed_and_then_split(void **state)
{
	struct guest g;

	(void)state;
	guest_init(&g, PACKED);
	assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_NUM, 1, GUEST_RING), 0);
	place_part(&g, 2, 4);
	assert_int_equal(liar_set_u64(&g.l, VHOST_SET_VRING_KICK, 1 | VHOST_VRING_NO_FD, -1), 0);
	assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_ENABLE, 1, 1), 0);
	assert_int_equal(atomic_load(&g.l.port->from_guest), 1);
	// Not while it runs.
	assert_int_equal(liar_set_u64(&g.l, VHOST_SET_FEATURES,
				 1ULL << VHOST_F_PROTOCOL_FEATURES | 1ULL << VIRTIO_F_VERSION_1, -1),
		1);
	liar_send(&g.l, VHOST_GET_VRING_BASE, VHOST_VERSION, &(struct vhost_vring_state){ 1, 0 }, 8, NULL, 0);
	assert_int_equal(liar_run(&g.l), 0);
	liar_answer(&g.l, VHOST_GET_VRING_BASE, &(union vhost_payload){ 0 }, NULL);
	assert_int_equal(liar_set_u64(&g.l, VHOST_SET_FEATURES,
				 1ULL << VHOST_F_PROTOCOL_FEATURES | 1ULL << VIRTIO_F_VERSION_1, -1),
		0);
	assert_int_equal(liar_set_u64(&g.l, VHOST_SET_VRING_KICK, 1 | VHOST_VRING_NO_FD, -1), 0);
	assert_int_equal(atomic_load(&g.l.port->from_guest), 0);
	assert_int_equal(g.l.port->rings[1].fault, VHOST_FAULT_SETUP);
	guest_echo(&g);
	guest_close(&g);
}

// The region that the rings lie in is taken out and comes back: they wait meanwhile.
static void
test_memory_that_comes_and_goes(void **state)
{
	struct guest g;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(guest_layouts); i++) {
		guest_start(&g, guest_layouts[i], -1);
		for (unsigned int k = 0; k < 3; k++) {
			guest_check_traffic(&g);
			assert_int_equal(
				liar_set_region(&g.l, VHOST_REM_MEM_REG, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, -1), 0);
			assert_false(atomic_load(&g.l.port->running));
			guest_send(&g, 3);
			assert_int_equal(guest_echo(&g), 0);
			assert_int_equal(liar_set_region(&g.l, VHOST_ADD_MEM_REG, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0,
						 g.l.memory_fd),
				0);
			assert_true(atomic_load(&g.l.port->running));
			guest_offer(&g, 3);
			assert_int_equal(guest_echo(&g), 3);
			assert_int_equal(guest_take(&g), 3);
		}
		guest_close(&g);
	}
}

// A ring says how far it is when it stops, and goes on there.
static void
test_stop_and_go_on(void **state)
{
	struct guest g;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(guest_layouts); i++) {
		bool packed = guest_layouts[i] & PACKED;

		guest_start(&g, guest_layouts[i], -1);
		for (unsigned int k = 0; k < 4; k++) {
			guest_check_traffic(&g);
			for (uint32_t r = 0; r < 2; r++) {
				uint16_t place = packed ? (uint16_t)(g.d[r].next_used | g.d[r].used_wrap << 15)
							: g.d[r].next_used;

				assert_int_equal(
					guest_stop_ring(&g, r), packed ? place | (uint32_t)place << 16 : place);
				assert_false(atomic_load(&g.l.io.link));
			}
			assert_false(atomic_load(&g.l.port->running));
			guest_send(&g, 1);
			assert_int_equal(guest_echo(&g), 0);
			assert_int_equal(guest_start_ring(&g, 0, -1), 0);
			assert_int_equal(guest_start_ring(&g, 1, -1), 0);
			guest_offer(&g, 1);
			assert_int_equal(guest_echo(&g), 1);
			assert_int_equal(guest_take(&g), 1);
		}
		guest_close(&g);
	}
}

static void
test_rings_run_only_when_they_may(void **state)
{
	struct guest g;

	(void)state;
	guest_start(&g, 0, -1);
	// Disabled, and enabled again.
	assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_ENABLE, 1, 0), 0);
	assert_false(atomic_load(&g.l.io.link));
	guest_send(&g, 2);
	assert_int_equal(guest_echo(&g), 0);
	assert_int_equal(liar_set_state(&g.l, VHOST_SET_VRING_ENABLE, 1, 1), 0);
	assert_int_equal(guest_echo(&g), 2);
	assert_int_equal(guest_take(&g), 2);
	// Reset, as by a guest that starts anew: the memory stays.
	assert_int_equal(liar_set_u64(&g.l, VHOST_SET_STATUS, 0, -1), 0);
	assert_false(atomic_load(&g.l.port->running));
	assert_non_null(g.l.port->memory);
	assert_int_equal(liar_set_u64(&g.l, VHOST_SET_FEATURES,
				 1ULL << VHOST_F_PROTOCOL_FEATURES | 1ULL << VIRTIO_F_VERSION_1, -1),
		0);
	assert_int_equal(guest_start_ring(&g, 0, -1), 0);
	assert_int_equal(guest_start_ring(&g, 1, -1), 0);
	guest_check_traffic(&g);
	guest_close(&g);
}

// A ring owes an interrupt and stops; its memory goes. The other one of its pair runs on, and only that one is looked at.
static void
test_interrupt_of_a_ring_that_is_gone(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * RTE_DIM(guest_layouts); i++) {
		int call = eventfd(0, EFD_NONBLOCK);
		unsigned int gone = i % 2;
		struct rte_mbuf *pkts[VHOST_BURST];
		int64_t bytes = INT64_MAX;
		struct guest g;
		uint16_t n;

		guest_start(&g, guest_layouts[i / 2], call);
		guest_send(&g, 5);
		n = weft_vhost_ops.rx(&g.l.io, 0, pkts, VHOST_BURST, &bytes);
		assert_int_equal(weft_vhost_ops.tx(&g.l.io, 0, pkts, n), 5);
		assert_true(g.l.port->rings[gone].pending);
		guest_stop_ring(&g, gone);
		assert_int_equal(
			liar_set_region(&g.l, VHOST_SET_MEM_TABLE, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, g.l.memory_fd),
			0);
		liar_settle(&g.l);
		weft_vhost_ops.notify(&g.l.io);
		assert_int_equal(g.l.port->broken, VHOST_FAULT_NONE);
		guest_close(&g);
		close(call);
	}
}

// No ring counts as running while rings are suspended: a worker that looked before would use what is not there any more.
static void
test_suspended_rings_do_not_run(void **state)
{
	struct guest g;

	(void)state;
	guest_start(&g, 0, -1);
	assert_int_equal(atomic_load(&g.l.port->to_guest), 1);
	vhost_device_suspend(g.l.port);
	assert_int_equal(atomic_load(&g.l.port->to_guest), 0);
	assert_int_equal(atomic_load(&g.l.port->from_guest), 0);
	vhost_device_resume(g.l.port);
	guest_check_traffic(&g);
	guest_close(&g);
}

// The link is up while some pair has both its rings running without a fault, whichever ring the worker stops.
static void
test_link_of_rings_that_a_fault_stops(void **state)
{
	// Rings whose available index is wrong, one after the other; and how many pairs run then.
	static const struct {
		uint16_t ring;
		uint16_t pairs;
	} steps[] = { { 1, 1 }, { 0, 1 }, { 2, 0 } };
	struct weft_io_status status;
	struct liar l;

	(void)state;
	liar_open(&l);
	l.io.pool = guest_pool;
	liar_start(&l, FEATURE(VIRTIO_NET_F_MQ));
	liar_start_ring(&l, 2, -1);
	liar_start_ring(&l, 3, -1);
	weft_vhost_ops.status(&l.io, &status);
	assert_int_equal(status.queues, 2);
	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		struct vhost_ring *ring = &l.port->rings[steps[i].ring];
		struct rte_mbuf *m = rte_pktmbuf_alloc(guest_pool);
		int64_t bytes = INT64_MAX;

		rte_pktmbuf_append(m, 60);
		atomic_store(&l.port->flagged, false);
		ring->avail->idx = LIAR_RING + 1;
		if (ring->to_guest)
			ring->ops->enqueue(ring, &m, 1);
		else
			ring->ops->dequeue(ring, guest_pool, &m, 1, &bytes);
		rte_pktmbuf_free(m);
		// The front ends' thread is told.
		assert_true(atomic_load(&l.port->flagged));
		vhost_device_set_link(l.port);
		weft_vhost_ops.status(&l.io, &status);
		assert_int_equal(status.queues, steps[i].pairs);
		assert_int_equal(atomic_load(&l.io.link), steps[i].pairs != 0);
		// What the front end says meanwhile changes nothing, and an older error is not what stopped the ring.
		liar_set_u64(&l, VHOST_SET_STATUS, 15, -1);
		vhost_trouble_set(l.port, "something else");
		weft_vhost_ops.status(&l.io, &status);
		assert_int_equal(status.queues, steps[i].pairs);
		assert_non_null(strstr(status.error, "moved its available index"));
		ring->avail->idx = 0;
	}
	assert_int_equal(status.connects, 1);
	liar_set_u64(&l, VHOST_SET_VRING_KICK, 2 | VHOST_VRING_NO_FD, -1);
	weft_vhost_ops.status(&l.io, &status);
	assert_true(status.link);
	assert_int_equal(status.queues, 1);
	assert_int_equal(status.connects, 2);
	liar_close(&l);
}

// A front end that turns its link on and off does not fill the log.
static void
test_links_do_not_fill_the_log(void **state)
{
	unsigned int lines = 0;
	struct guest g;

	(void)state;
	guest_start(&g, 0, -1);
	for (unsigned int i = 0; i < 100; i++)
		lines += vhost_trouble_may_log(g.l.port);
	assert_in_range(lines, 0, 8);
	guest_close(&g);
}

// QEMU whose memory is not shared starts its rings and gives no memory: the error says what to type.
static void
test_memory_that_is_not_shared(void **state)
{
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	liar_start_ring(&l, 0, -1);
	liar_start_ring(&l, 1, -1);
	assert_false(atomic_load(&l.io.link));
	assert_non_null(strstr(l.port->error, "share=on"));
	assert_int_equal(liar_set_region(&l, VHOST_SET_MEM_TABLE, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, l.memory_fd), 0);
	assert_true(atomic_load(&l.io.link));
	assert_string_equal(l.port->error, "");
	liar_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suspended_rings_do_not_run),
		cmocka_unit_test(test_link_of_rings_that_a_fault_stops),
		cmocka_unit_test(test_links_do_not_fill_the_log),
		cmocka_unit_test(test_memory_that_is_not_shared),
		cmocka_unit_test(test_frames_go_through),
		cmocka_unit_test(test_messages_under_traffic),
		cmocka_unit_test(test_parts_at_the_end_of_memory),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_size_that_grows),
		cmocka_unit_test(test_packed_and_then_split),
		cmocka_unit_test(test_memory_that_comes_and_goes),
		cmocka_unit_test(test_stop_and_go_on),
		cmocka_unit_test(test_interrupt_of_a_ring_that_is_gone),
		cmocka_unit_test(test_rings_run_only_when_they_may),
	};

	return cmocka_run_group_tests(tests, guest_setup, NULL);
}
