// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Kinds of faults that other back ends had and mended, and that no other test tries (docs/architecture/guests.md, "Faults that
// others mended"): messages said again and again, pages for fewer rings or entries, rings with gaps before them, headers that lie,
// buffers shorter than a header, and indirect tables.
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define CANARY	  0x5a
#define PAGE_FILE (1 << 16) // bytes
#define INDIRECT  FEATURE(VIRTIO_RING_F_INDIRECT_DESC)
#define MERGEABLE FEATURE(VIRTIO_NET_F_MRG_RXBUF)

static int
canary_file(void)
{
	int fd = memfd_create("pages", MFD_CLOEXEC);
	uint8_t bytes[4096];

	memset(bytes, CANARY, sizeof(bytes));
	for (unsigned int i = 0; i < PAGE_FILE / sizeof(bytes); i++)
		assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	return fd;
}

// The same messages, each with a descriptor, again and again under traffic: what came before is given up.
static void
test_messages_again_and_again(void **state)
{
	struct vhost_inflight_area area = { .n_queues = 2, .queue_size = GUEST_RING };

	(void)state;
	for (unsigned int packed = 0; packed < 2; packed++) {
		int log = canary_file(), pages;
		union vhost_payload answer;
		unsigned int fds = 0, windows = 0;
		struct guest g;

		guest_start(&g, (packed ? PACKED : 0) | 1ULL << VHOST_F_LOG_ALL, -1);
		for (unsigned int i = 0; i < 100; i++) {
			liar_send(&g.l, VHOST_GET_INFLIGHT_FD, VHOST_VERSION, &area, sizeof(area), NULL, 0);
			assert_int_equal(liar_run(&g.l), 0);
			liar_answer(&g.l, VHOST_GET_INFLIGHT_FD, &answer, &pages);
			assert_int_equal(
				liar_tell(&g.l, VHOST_SET_INFLIGHT_FD, &answer.inflight, sizeof(area), pages), 0);
			close(pages);
			liar_send(&g.l, VHOST_SET_LOG_BASE, VHOST_VERSION, &(uint64_t[2]){ 4096, 4096 * (i % 8) }, 16,
				&log, 1);
			assert_int_equal(liar_run(&g.l), 0);
			assert_int_equal(liar_answer(&g.l, VHOST_SET_LOG_BASE, &answer, NULL), 0);
			assert_int_equal(liar_set_region(&g.l, VHOST_SET_MEM_TABLE, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0,
						 g.l.memory_fd),
				0);
			liar_settle(&g.l);
			if (i % 10 == 0)
				guest_check_traffic(&g);
			if (i == 0) {
				fds = count_fds();
				windows = count_windows();
			}
			assert_int_equal(count_fds(), fds);
			assert_true(count_windows() <= windows + 2);
		}
		guest_close(&g);
		close(log);
	}
}

// Pages for fewer entries, or for fewer rings, than there are: these are not written beyond their end, and rings run without.
static void
test_pages_that_are_too_few(void **state)
{
	static const struct vhost_inflight_area areas[] = {
		{ .size = 4096, .n_queues = 2, .queue_size = GUEST_RING / 2 },
		{ .size = 4096, .n_queues = 1, .queue_size = GUEST_RING / 2 },
		{ .size = 4096, .offset = 4096, .n_queues = 2, .queue_size = 1 },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(areas); i++) {
		int fd = canary_file();
		uint8_t *pages = mmap(NULL, PAGE_FILE, PROT_READ, MAP_SHARED, fd, 0);
		struct guest g;

		guest_init(&g, PACKED);
		assert_int_equal(liar_tell(&g.l, VHOST_SET_INFLIGHT_FD, &areas[i], sizeof(areas[i]), fd), 0);
		assert_int_equal(guest_start_ring(&g, 0, -1), 0);
		assert_int_equal(guest_start_ring(&g, 1, -1), 0);
		guest_offer(&g, GUEST_RING / 2);
		guest_check_traffic(&g);
		for (unsigned int k = 0; k < PAGE_FILE; k++)
			assert_int_equal(pages[k], CANARY);
		munmap(pages, PAGE_FILE);
		guest_close(&g);
		close(fd);
	}
}

// The last pair of rings runs, and none before it was ever named; in-flight pages came first of all.
static void
test_gap_before_rings(void **state)
{
	struct vhost_inflight_area area = { .size = PAGE_FILE, .n_queues = VHOST_N_RINGS, .queue_size = 1 };
	int pages = canary_file();
	struct rte_mbuf *pkts[VHOST_BURST];
	int64_t bytes = INT64_MAX;
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	assert_int_equal(liar_tell(&l, VHOST_SET_INFLIGHT_FD, &area, sizeof(area), pages), 0);
	assert_int_equal(liar_set_region(&l, VHOST_SET_MEM_TABLE, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, l.memory_fd), 0);
	liar_start_ring(&l, VHOST_N_RINGS - 2, -1);
	liar_start_ring(&l, VHOST_N_RINGS - 1, -1);
	assert_true(atomic_load(&l.io.link));
	assert_int_equal(atomic_load(&l.port->from_guest), 1u << (WEFT_MAX_QUEUE_PAIRS - 1));
	assert_int_equal(weft_vhost_ops.rx(&l.io, 0, pkts, VHOST_BURST, &bytes), 0);
	weft_vhost_ops.notify(&l.io);
	liar_close(&l);
	close(pages);
}

// A header with offloads that were not offered, and offsets beyond the frame: nobody looks at them.
static void
test_headers_that_lie(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(guest_layouts); i++) {
		struct rte_mbuf *pkts[VHOST_BURST];
		int64_t bytes = INT64_MAX;
		struct guest g;

		guest_start(&g, guest_layouts[i], -1);
		guest_send(&g, VHOST_BURST);
		for (uint32_t k = 0; k < VHOST_BURST; k++) {
			uint8_t *header = g.l.memory + LIAR_DATA + (GUEST_RING + k) * GUEST_SLOT;

			// Each flag, each kind of segmentation, and offsets, from 0 to the largest.
			memset(header, k % 2 ? 0xff : 0, 12);
			header[0] = (uint8_t)(1u << k % 8);
			header[1] = (uint8_t)k;
		}
		assert_int_equal(weft_vhost_ops.rx(&g.l.io, 0, pkts, VHOST_BURST, &bytes), VHOST_BURST);
		for (uint32_t k = 0; k < VHOST_BURST; k++) {
			const uint8_t *frame = rte_pktmbuf_mtod(pkts[k], uint8_t *);

			assert_int_equal(pkts[k]->ol_flags, 0);
			for (uint32_t at = 0; at < pkts[k]->data_len; at++)
				assert_int_equal(frame[at], (uint8_t)k);
			rte_pktmbuf_free(pkts[k]);
		}
		guest_close(&g);
	}
}

// Buffers shorter than the header, or than the frame, at both rings: no length wraps round, and no byte beside them is written.
static void
test_runts(void **state)
{
	(void)state;
	for (uint32_t len = 0; len <= 14 * 2 * RTE_DIM(guest_layouts); len++) {
		uint64_t features = guest_layouts[len / 28 % RTE_DIM(guest_layouts)] | (len / 14 % 2 ? MERGEABLE : 0);
		struct rte_mbuf *pkts[VHOST_BURST], *m = rte_pktmbuf_alloc(guest_pool);
		uint32_t each = len % 14, offered = 0, read;
		int64_t bytes = INT64_MAX;
		struct guest g;

		guest_init(&g, features);
		assert_int_equal(guest_start_ring(&g, 0, -1), 0);
		assert_int_equal(guest_start_ring(&g, 1, -1), 0);
		memset(g.l.memory + LIAR_DATA, CANARY, LIAR_SIZE - LIAR_DATA);
		for (uint32_t i = 0; i < 20; i++) {
			struct piece to = { LIAR_GPA + LIAR_DATA + i * 64, each };
			struct piece from = { LIAR_GPA + LIAR_DATA + GUEST_PART + i * 64, each };

			offered += driver_add(&g.d[0], &to, 1, false, i);
			driver_add(&g.d[1], &from, 1, false, i);
		}
		assert_int_equal(offered, 20);
		memset(rte_pktmbuf_append(m, 60), 1, 60);
		if (weft_vhost_ops.tx(&g.l.io, 0, &m, 1) == 0)
			rte_pktmbuf_free(m);
		for (uint32_t i = 0; i < 20 * 64; i++) {
			if (i % 64 >= each)
				assert_int_equal(g.l.memory[LIAR_DATA + i], CANARY);
		}
		read = weft_vhost_ops.rx(&g.l.io, 0, pkts, VHOST_BURST, &bytes);
		for (uint32_t i = 0; i < read; i++) {
			assert_int_equal(pkts[i]->pkt_len, each > 12 ? each - 12 : 0);
			rte_pktmbuf_free(pkts[i]);
		}
		weft_vhost_ops.notify(&g.l.io);
		guest_close(&g);
	}
}

// Indirect tables that are empty, no tables, longer than the ring or than memory, nested, or somewhere else.
static void
test_indirect_tables(void **state)
{
	static const struct {
		uint64_t gpa;
		uint32_t len;
		uint16_t flags; // of the table's first entry
		enum vhost_fault fault;
	} tables[] = {
		{ LIAR_GPA + LIAR_DATA, 0, 0, VHOST_FAULT_INDIRECT },
		{ LIAR_GPA + LIAR_DATA, 8, 0, VHOST_FAULT_INDIRECT },
		{ LIAR_GPA + LIAR_DATA, 17, 0, VHOST_FAULT_INDIRECT },
		{ LIAR_GPA + LIAR_DATA, 16 * (GUEST_RING + 1), 0, VHOST_FAULT_INDIRECT },
		{ LIAR_GPA + LIAR_DATA, 0xfffffff0, 0, VHOST_FAULT_INDIRECT },
		{ LIAR_GPA + LIAR_DATA, 16, VRING_DESC_F_INDIRECT, VHOST_FAULT_INDIRECT },
		{ LIAR_GPA + LIAR_DATA, 16, VRING_DESC_F_WRITE, VHOST_FAULT_DIRECTION },
		{ LIAR_GPA + LIAR_SIZE - 8, 16, 0, VHOST_FAULT_ADDRESS },
		{ LIAR_GPA + LIAR_SIZE, 16, 0, VHOST_FAULT_ADDRESS },
		{ UINT64_MAX - 7, 16, 0, VHOST_FAULT_ADDRESS },
	};

	(void)state;
	for (unsigned int i = 0; i < 2 * RTE_DIM(tables); i++) {
		bool packed = i % 2;
		struct guest g;

		guest_start(&g, INDIRECT | (packed ? PACKED : 0), -1);
		// The entry's flags lie elsewhere in a packed ring's.
		memset(g.l.memory + LIAR_DATA, 0, 16);
		memcpy(g.l.memory + LIAR_DATA, &(uint64_t){ LIAR_GPA + LIAR_DATA }, 8);
		memcpy(g.l.memory + LIAR_DATA + 8, &(uint32_t){ 100 }, 4);
		memcpy(g.l.memory + LIAR_DATA + (packed ? 14 : 12), &tables[i / 2].flags, 2);
		if (packed) {
			g.d[1].packed[0] = (struct vring_packed_desc){ tables[i / 2].gpa, tables[i / 2].len, 0,
				VRING_DESC_F_INDIRECT | 1 << VRING_PACKED_DESC_F_AVAIL };
		} else {
			g.d[1].desc[0] =
				(struct vring_desc){ tables[i / 2].gpa, tables[i / 2].len, VRING_DESC_F_INDIRECT, 0 };
			g.d[1].avail->ring[0] = 0;
			g.d[1].avail->idx = 1;
		}
		assert_int_equal(guest_echo(&g), 0);
		if (g.l.port->rings[1].fault != tables[i / 2].fault)
			fail_msg("table %u, packed %u: fault %u", i / 2, packed, g.l.port->rings[1].fault);
		guest_close(&g);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_again_and_again),
		cmocka_unit_test(test_pages_that_are_too_few),
		cmocka_unit_test(test_gap_before_rings),
		cmocka_unit_test(test_headers_that_lie),
		cmocka_unit_test(test_runts),
		cmocka_unit_test(test_indirect_tables),
	};

	return cmocka_run_group_tests(tests, guest_setup, NULL);
}
