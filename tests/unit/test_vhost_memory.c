// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A front end's memory: regions that are refused, 509 of them, the guards around each, and the dirty log's bounds.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "liar.h"

#define PAGE UINT64_C(4096)

static void
test_regions_that_are_refused(void **state)
{
	static const struct {
		struct vhost_region region;
		const char *says;
	} lies[] = {
		{ { LIAR_GPA, 0, LIAR_USER, 0 }, "empty, misaligned, or wraps round" },
		{ { LIAR_GPA + 1, PAGE, LIAR_USER, 0 }, "empty, misaligned, or wraps round" },
		{ { LIAR_GPA, PAGE + 8, LIAR_USER, 0 }, "empty, misaligned, or wraps round" },
		{ { LIAR_GPA, PAGE, LIAR_USER + 2048, 0 }, "empty, misaligned, or wraps round" },
		{ { LIAR_GPA, PAGE, LIAR_USER, 512 }, "empty, misaligned, or wraps round" },
		{ { UINT64_MAX - PAGE + 1, 2 * PAGE, LIAR_USER, 0 }, "empty, misaligned, or wraps round" },
		{ { LIAR_GPA, 2 * PAGE, UINT64_MAX - PAGE + 1, 0 }, "empty, misaligned, or wraps round" },
		{ { LIAR_GPA, 2 * PAGE, LIAR_USER, UINT64_MAX - PAGE + 1 }, "empty, misaligned, or wraps round" },
		{ { LIAR_GPA, UINT64_MAX - PAGE + 1, LIAR_USER, 0 }, "empty, misaligned, or wraps round" },
		{ { LIAR_GPA, LIAR_SIZE + PAGE, LIAR_USER, 0 }, "longer than its file" },
		{ { LIAR_GPA, LIAR_SIZE, LIAR_USER, PAGE }, "longer than its file" },
		{ { LIAR_GPA, PAGE, LIAR_USER, LIAR_SIZE }, "longer than its file" },
		{ { LIAR_GPA, PAGE, LIAR_USER, UINT64_C(1) << 62 }, "longer than its file" },
		{ { 0, UINT64_C(1) << 62, 0, 0 }, "the 4 TiB that weft maps for a port" },
		{ { 0, UINT64_C(4) << 40, LIAR_USER, 0 }, "the 4 TiB that weft maps for a port" },
	};
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	for (unsigned int i = 0; i < RTE_DIM(lies); i++) {
		const struct vhost_region *r = &lies[i].region;

		for (unsigned int add = 0; add < 2; add++) {
			assert_int_equal(liar_set_region(&l, add ? VHOST_ADD_MEM_REG : VHOST_SET_MEM_TABLE, r->gpa,
						 r->size, r->user, r->offset, l.memory_fd),
				1);
			if (strstr(l.port->error, lies[i].says) == NULL)
				fail_msg("lie %u: %s", i, l.port->error);
			assert_true(l.port->memory == NULL || l.port->memory->table.n == 0);
		}
	}
	liar_close(&l);
}

// A file that ends within a page has whole pages only.
static void
test_ends_of_files(void **state)
{
	struct liar l;
	int fd = liar_file(3 * PAGE + 100);

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	assert_int_equal(liar_set_region(&l, VHOST_SET_MEM_TABLE, LIAR_GPA, 4 * PAGE, LIAR_USER, 0, fd), 1);
	assert_int_equal(liar_set_region(&l, VHOST_SET_MEM_TABLE, LIAR_GPA, 3 * PAGE, LIAR_USER, PAGE, fd), 1);
	assert_int_equal(liar_set_region(&l, VHOST_SET_MEM_TABLE, LIAR_GPA, 3 * PAGE, LIAR_USER, 0, fd), 0);
	assert_int_equal(liar_set_region(&l, VHOST_SET_MEM_TABLE, LIAR_GPA, 2 * PAGE, LIAR_USER, PAGE, fd), 0);
	assert_int_equal(
		liar_set_region(&l, VHOST_SET_MEM_TABLE, UINT64_MAX - 3 * PAGE + 1, 2 * PAGE, LIAR_USER, 0, fd), 0);
	liar_close(&l);
	close(fd);
}

static void
test_overlaps(void **state)
{
	static const int64_t shifts[] = { -15, -8, -1, 0, 1, 8, 15 };
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA, 16 * PAGE, LIAR_USER, 0, l.memory_fd), 0);
	for (unsigned int i = 0; i < RTE_DIM(shifts); i++) {
		uint64_t shift = (uint64_t)(shifts[i] * (int64_t)PAGE);

		assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA + shift, 16 * PAGE,
					 LIAR_USER + 64 * PAGE, 0, l.memory_fd),
			1);
		assert_non_null(strstr(l.port->error, "overlap"));
		assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA + 64 * PAGE, 16 * PAGE,
					 LIAR_USER + shift, 0, l.memory_fd),
			1);
		assert_non_null(strstr(l.port->error, "overlap"));
	}
	// Neighbours on both sides, and one inside the other.
	assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA + 8 * PAGE, PAGE, LIAR_USER + 64 * PAGE, 0,
				 l.memory_fd),
		1);
	assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA - 16 * PAGE, 16 * PAGE, LIAR_USER - 16 * PAGE,
				 0, l.memory_fd),
		0);
	assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA + 16 * PAGE, 16 * PAGE, LIAR_USER + 16 * PAGE,
				 0, l.memory_fd),
		0);
	assert_int_equal(l.port->memory->table.n, 3);
	liar_close(&l);
}

// The whole table is refused for its last region, and the one in force stays.
static void
test_table_is_taken_as_a_whole(void **state)
{
	union vhost_payload m = { 0 }, answer;
	struct vhost_memory *before;
	int fds[VHOST_TABLE_REGIONS];
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_start(&l, 0);
	before = l.port->memory;
	m.table.n = VHOST_TABLE_REGIONS;
	for (unsigned int i = 0; i < VHOST_TABLE_REGIONS; i++) {
		fds[i] = l.memory_fd;
		m.table.region[i] = (struct vhost_region){ i * 4 * PAGE, PAGE, LIAR_USER + i * PAGE, 0 };
	}
	for (unsigned int bad = 0; bad < VHOST_TABLE_REGIONS; bad++) {
		m.table.region[bad].size = 0;
		liar_send(&l, VHOST_SET_MEM_TABLE, VHOST_VERSION | VHOST_NEED_REPLY, &m, sizeof(m), fds,
			VHOST_TABLE_REGIONS);
		assert_int_equal(liar_run(&l), 0);
		liar_answer(&l, VHOST_SET_MEM_TABLE, &answer, NULL);
		assert_int_equal(answer.u64, 1);
		assert_ptr_equal(l.port->memory, before);
		assert_int_equal(before->table.n, 1);
		assert_true(atomic_load(&l.port->running));
		m.table.region[bad].size = PAGE;
	}
	liar_send(&l, VHOST_SET_MEM_TABLE, VHOST_VERSION | VHOST_NEED_REPLY, &m, sizeof(m), fds, VHOST_TABLE_REGIONS);
	assert_int_equal(liar_run(&l), 0);
	liar_answer(&l, VHOST_SET_MEM_TABLE, &answer, NULL);
	assert_int_equal(answer.u64, 0);
	assert_int_equal(l.port->memory->table.n, VHOST_TABLE_REGIONS);
	// More regions than the message has room for, fewer than it says, none.
	for (uint32_t n = 0; n < 20; n++) {
		m.table.n = n;
		liar_send(&l, VHOST_SET_MEM_TABLE, VHOST_VERSION | VHOST_NEED_REPLY, &m, sizeof(m), fds,
			VHOST_TABLE_REGIONS);
		assert_int_equal(liar_run(&l), 0);
		liar_answer(&l, VHOST_SET_MEM_TABLE, &answer, NULL);
		assert_int_equal(answer.u64, n != VHOST_TABLE_REGIONS);
	}
	m.table.n = UINT32_MAX;
	liar_send(&l, VHOST_SET_MEM_TABLE, VHOST_VERSION, &m, sizeof(m), fds, VHOST_TABLE_REGIONS);
	assert_true(liar_run(&l) < 0);
	liar_close(&l);
}

static void
test_most_regions(void **state)
{
	union vhost_payload answer;
	unsigned int order[GUEST_MAX_REGIONS], windows = count_windows();
	uint32_t hot = 0;
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	liar_send(&l, VHOST_GET_MAX_MEM_SLOTS, VHOST_VERSION, NULL, 0, NULL, 0);
	assert_int_equal(liar_run(&l), 0);
	liar_answer(&l, VHOST_GET_MAX_MEM_SLOTS, &answer, NULL);
	assert_int_equal(answer.u64, 509);
	// In an order that is none.
	for (unsigned int i = 0; i < GUEST_MAX_REGIONS; i++)
		order[i] = i * 197 % GUEST_MAX_REGIONS;
	for (unsigned int i = 0; i < GUEST_MAX_REGIONS; i++) {
		uint64_t at = order[i];

		memset(l.memory + at * PAGE, (int)at, PAGE);
		assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, at * 3 * PAGE, PAGE, LIAR_USER + at * 2 * PAGE,
					 at * PAGE, l.memory_fd),
			0);
	}
	assert_int_equal(l.port->memory->table.n, 509);
	assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, 5000 * PAGE, PAGE, 0, 0, l.memory_fd), 1);
	assert_non_null(strstr(l.port->error, "more than 509 memory regions"));
	for (uint64_t at = 0; at < GUEST_MAX_REGIONS; at++) {
		const uint8_t *p = guest_memory_at(&l.port->memory->table, &hot, at * 3 * PAGE + 5, 20);
		uint64_t len = 2 * PAGE;

		assert_non_null(p);
		assert_int_equal(*p, (uint8_t)at);
		assert_null(guest_memory_at(&l.port->memory->table, &hot, at * 3 * PAGE + 4090, 20));
		assert_null(guest_memory_at(&l.port->memory->table, &hot, at * 3 * PAGE + PAGE, 1));
		assert_null(guest_memory_at(&l.port->memory->table, &hot, at * 3 * PAGE, UINT64_MAX));
		assert_ptr_equal(guest_memory_piece(&l.port->memory->table, at * 3 * PAGE + 5, &len), p);
		assert_int_equal(len, PAGE - 5);
		assert_ptr_equal(weft_guest_memory_user(l.port->memory, LIAR_USER + at * 2 * PAGE + 5, PAGE - 5), p);
		assert_null(weft_guest_memory_user(l.port->memory, LIAR_USER + at * 2 * PAGE + 5, PAGE - 4));
		assert_int_equal(weft_guest_memory_gpa(&l.port->memory->table, p), at * 3 * PAGE + 5);
	}
	for (unsigned int i = 0; i < GUEST_MAX_REGIONS; i += 2) {
		uint64_t at = order[i];

		assert_int_equal(
			liar_set_region(&l, VHOST_REM_MEM_REG, at * 3 * PAGE, PAGE, LIAR_USER + at * 2 * PAGE, 0, -1),
			0);
		assert_int_equal(
			liar_set_region(&l, VHOST_REM_MEM_REG, at * 3 * PAGE, PAGE, LIAR_USER + at * 2 * PAGE, 0, -1),
			1);
		assert_null(guest_memory_at(&l.port->memory->table, &hot, at * 3 * PAGE, 1));
	}
	assert_int_equal(l.port->memory->table.n, 254);
	for (unsigned int i = 1; i < GUEST_MAX_REGIONS; i += 2)
		assert_non_null(guest_memory_at(&l.port->memory->table, &hot, order[i] * 3 * PAGE, 1));
	assert_true(count_windows() > windows);
	liar_close(&l);
	assert_int_equal(count_windows(), windows);
}

static void
test_region_to_take_out_must_be_the_same(void **state)
{
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	assert_int_equal(liar_set_region(&l, VHOST_REM_MEM_REG, LIAR_GPA, PAGE, LIAR_USER, 0, -1), 1);
	assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA, 2 * PAGE, LIAR_USER, 0, l.memory_fd), 0);
	assert_int_equal(liar_set_region(&l, VHOST_REM_MEM_REG, LIAR_GPA, PAGE, LIAR_USER, 0, -1), 1);
	assert_int_equal(liar_set_region(&l, VHOST_REM_MEM_REG, LIAR_GPA + PAGE, 2 * PAGE, LIAR_USER, 0, -1), 1);
	assert_int_equal(liar_set_region(&l, VHOST_REM_MEM_REG, LIAR_GPA, 2 * PAGE, LIAR_USER + PAGE, 0, -1), 1);
	assert_int_equal(liar_set_region(&l, VHOST_REM_MEM_REG, LIAR_GPA, 2 * PAGE, LIAR_USER, 0, l.memory_fd), 0);
	liar_close(&l);
}

// Touches P under the guard of PORT. Returns whether that faulted.
static bool
faults(struct vhost_port *port, volatile uint8_t *p)
{
	struct vhost_guard guard;
	volatile bool faulted = false;

	if (vhost_guard_enter(&guard, port))
		*p = 1;
	else
		faulted = true;
	vhost_guard_leave();
	return faulted;
}

// No index of 32 bits reaches beyond a region's guards, wherever another guest's memory lies.
static void
test_guards(void **state)
{
	static const uint64_t strays[] = { 0, 1, PAGE, 1 << 20, 1 << 24, UINT32_MAX - PAGE, UINT32_MAX };
	struct liar victim, l;

	(void)state;
	vhost_guard_init();
	liar_open(&victim);
	liar_start(&victim, 0);
	memset(victim.memory, 0xa5, LIAR_SIZE);
	liar_open(&l);
	liar_start(&l, 0);
	for (unsigned int i = 0; i < RTE_DIM(strays); i++) {
		uint8_t *end = l.port->memory->table.regions[0].hva + LIAR_SIZE;

		atomic_store(&l.port->broken, VHOST_FAULT_NONE);
		assert_true(faults(l.port, end + strays[i]));
		assert_int_equal(l.port->broken, VHOST_FAULT_STRAY);
		for (unsigned int q = 0; q < VHOST_N_RINGS; q++)
			assert_int_equal(l.port->rings[q].fault, VHOST_FAULT_STRAY);
		if (strays[i] < 1 << 24)
			assert_true(faults(l.port, end - LIAR_SIZE - 1 - strays[i]));
	}
	assert_false(faults(l.port, l.port->memory->table.regions[0].hva));
	assert_false(faults(l.port, l.port->memory->table.regions[0].hva + LIAR_SIZE - 1));
	for (uint64_t i = 0; i < LIAR_SIZE; i++)
		assert_int_equal(victim.memory[i], 0xa5);
	assert_int_equal(victim.port->broken, VHOST_FAULT_NONE);
	liar_close(&l);
	liar_close(&victim);
}

// Marks pages from START on in a log of SIZE bytes at OFFSET of its file, and looks at all of the file.
static void
check_log(uint64_t size, uint64_t offset, uint64_t gpa, uint64_t len)
{
	uint64_t total = offset + size + 2 * PAGE;
	int fd = liar_file(total);
	uint8_t *file = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct vhost_log log = { 0 };

	assert_int_equal(weft_dirty_log_map(&log, fd, offset, size), 0);
	weft_dirty_log_mark(&log, gpa, len);
	for (uint64_t i = 0; i < total; i++) {
		uint8_t want = 0;

		for (unsigned int bit = 0; bit < 8 && i >= offset && i < offset + size && len && gpa + len > gpa;
			bit++) {
			uint64_t page = (i - offset) * 8 + bit;

			want |= (uint8_t)((page >= gpa / PAGE && page <= (gpa + len - 1) / PAGE) << bit);
		}
		assert_int_equal(file[i], want);
	}
	weft_window_unmap(&log.window);
	munmap(file, total);
}

static void
test_log_has_exact_bounds(void **state)
{
	static const uint64_t sizes[] = { 1, 8, 100, 4095, 4096, 4097 }, offsets[] = { 0, 8, 4096, 5000 };

	(void)state;
	for (unsigned int s = 0; s < RTE_DIM(sizes); s++) {
		for (unsigned int o = 0; o < RTE_DIM(offsets); o++) {
			uint64_t end = sizes[s] * 8 * PAGE;

			check_log(sizes[s], offsets[o], 0, 1);
			check_log(sizes[s], offsets[o], end - 1, 1);
			check_log(sizes[s], offsets[o], end - 1, 2 * PAGE);
			check_log(sizes[s], offsets[o], end, 1);
			check_log(sizes[s], offsets[o], 0, end + PAGE);
			check_log(sizes[s], offsets[o], UINT64_MAX - PAGE, PAGE);
			check_log(sizes[s], offsets[o], UINT64_MAX - PAGE, 2 * PAGE);
			check_log(sizes[s], offsets[o], 5 * PAGE + 7, 0);
			check_log(sizes[s], offsets[o], 5 * PAGE + 4095, 2);
		}
	}
}

static int
set_log(struct liar *l, uint64_t size, uint64_t offset, int fd)
{
	union vhost_payload m = { .log = { size, offset } }, answer;

	liar_send(l, VHOST_SET_LOG_BASE, VHOST_VERSION, &m, sizeof(m.log), &fd, 1);
	if (liar_run(l))
		return -1;
	assert_int_equal(liar_answer(l, VHOST_SET_LOG_BASE, &answer, NULL), 0);
	return 0;
}

// A log that ends before memory does is used, and named while it is; the log gets one line.
static void
test_log_that_is_too_short(void **state)
{
	const uint64_t bytes = (LIAR_GPA + LIAR_SIZE) / PAGE / 8;
	const uint64_t features = 1ULL << VHOST_F_PROTOCOL_FEATURES | 1ULL << VIRTIO_F_VERSION_1;
	int fd = liar_file(PAGE);
	struct weft_io_status status;
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_start(&l, 0);
	assert_int_equal(set_log(&l, bytes - 1, 0, fd), 0);
	weft_vhost_ops.status(&l.io, &status);
	assert_string_equal(status.error, "");
	for (unsigned int i = 0; i < 3; i++) {
		l.port->logged = 0;
		assert_int_equal(liar_set_u64(&l, VHOST_SET_FEATURES, features | 1ULL << VHOST_F_LOG_ALL, -1), 0);
		assert_int_equal(l.port->logged, i == 0);
		weft_vhost_ops.status(&l.io, &status);
		assert_true(status.link);
		assert_string_equal(status.error,
			"the log of dirty pages ends at address 0x2f7fff, memory at 0x2fffff: pages behind it would be lost "
			"in a migration");
		vhost_trouble_set(l.port, "%s", i ? "" : "something else");
	}
	// A log that is long enough, and none in use.
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(set_log(&l, bytes - i, 0, fd), 0);
		liar_set_u64(&l, VHOST_SET_FEATURES, features | (i ? 0 : 1ULL << VHOST_F_LOG_ALL), -1);
		weft_vhost_ops.status(&l.io, &status);
		assert_string_equal(status.error, "");
	}
	liar_close(&l);
	close(fd);
}

static void
test_logs_that_are_refused(void **state)
{
	static const uint64_t lies[][2] = { { 0, 0 }, { PAGE + 1, 0 }, { PAGE, 1 }, { 1, PAGE }, { UINT64_MAX, 1 },
		{ 1, UINT64_MAX }, { UINT64_C(1) << 33, 0 } };
	int fd = liar_file(PAGE), large = liar_file(UINT64_C(1) << 40);
	struct liar l;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(lies); i++) {
		liar_open(&l);
		liar_start(&l, 0);
		assert_int_equal(set_log(&l, lies[i][0], lies[i][1], i + 1 == RTE_DIM(lies) ? large : fd), -1);
		assert_non_null(strstr(l.port->error, "dirty log"));
		liar_close(&l);
	}
	close(fd);
	close(large);
}

// Migration as QEMU does it, and then what made the library crash.
static void
test_log_comes_and_goes(void **state)
{
	const uint64_t features = 1ULL << VHOST_F_PROTOCOL_FEATURES | 1ULL << VIRTIO_F_VERSION_1;
	int fd = liar_file(2 * PAGE), other = liar_file(PAGE);
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_start(&l, 0);
	assert_int_equal(set_log(&l, PAGE, PAGE, fd), 0);
	assert_null(l.port->rings[0].log);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(liar_set_u64(&l, VHOST_SET_FEATURES, features | 1ULL << VHOST_F_LOG_ALL, -1), 0);
		assert_ptr_equal(l.port->rings[0].log, &l.port->log);
		assert_true(atomic_load(&l.io.link));
		// Another one, larger or smaller, while rings run.
		assert_int_equal(set_log(&l, PAGE / (i + 1), 0, other), 0);
		assert_int_equal(liar_set_u64(&l, VHOST_SET_FEATURES, features, -1), 0);
		assert_null(l.port->rings[0].log);
	}
	liar_send(&l, VHOST_RESET_OWNER, VHOST_VERSION, NULL, 0, NULL, 0);
	assert_int_equal(liar_run(&l), 0);
	assert_false(atomic_load(&l.io.link));
	assert_int_equal(liar_set_u64(&l, VHOST_SET_FEATURES, features | 1ULL << VHOST_F_LOG_ALL, -1), 0);
	liar_start_ring(&l, 0, -1);
	liar_start_ring(&l, 1, -1);
	assert_true(atomic_load(&l.io.link));
	liar_close(&l);
	// The log without a log.
	liar_open(&l);
	liar_start(&l, 1ULL << VHOST_F_LOG_ALL);
	assert_null(l.port->rings[0].log);
	liar_close(&l);
	close(fd);
	close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_regions_that_are_refused),
		cmocka_unit_test(test_ends_of_files),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_table_is_taken_as_a_whole),
		cmocka_unit_test(test_most_regions),
		cmocka_unit_test(test_region_to_take_out_must_be_the_same),
		cmocka_unit_test(test_guards),
		cmocka_unit_test(test_log_has_exact_bounds),
		cmocka_unit_test(test_log_that_is_too_short),
		cmocka_unit_test(test_logs_that_are_refused),
		cmocka_unit_test(test_log_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
