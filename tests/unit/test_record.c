// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The journal's format: what garbage costs.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_hash_crc.h>

#include "fixture.h"
#include "control/journal/record.h"

#define SIZE   (1u << 20)
#define HEADER 20

// Puts a copy's header at P, with right sums but no JSON.
static void
forge_header(char *p, uint32_t copy, uint32_t len)
{
	const uint32_t words[] = { copy, len, 0x12345678 };
	uint32_t sum;

	memcpy(p, "WFTJ", 4);
	memcpy(p + 4, words, sizeof(words));
	sum = rte_hash_crc(p, 16, 0);
	memcpy(p + 16, &sum, sizeof(sum));
}

// The processor time in us, the least of three times, that it takes to find out that there is no record.
static uint64_t
cost(const char *data)
{
	const struct weft_journal_image image = { data, SIZE };
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i < 3; i++) {
		struct timespec start, end;
		bool damaged = false;
		size_t len, next;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
		assert_null(weft_journal_read_record(&image, 1, &len, &next, &damaged));
		weft_journal_is_torn(&image, 1);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		least = RTE_MIN(least, (uint64_t)(end.tv_sec - start.tv_sec) * 1000000 +
					       (uint64_t)(end.tv_nsec / 1000 - start.tv_nsec / 1000));
	}
	return least;
}

// Whatever garbage claims, it is read a few times, and not once for each claim.
static void
forged_headers_cost_no_more_than_other_garbage(void **state)
{
	char *image = malloc(SIZE);
	uint64_t plain, us;

	(void)state;
	// Much of it looks like a header to whom compares the first bytes only.
	for (size_t at = 0; at + 4 <= SIZE; at += 4)
		memcpy(image + at, "WFTJ", 4);
	plain = RTE_MAX(cost(image), UINT64_C(1));
	for (uint32_t copy = 0; copy < 2; copy++) {
		// Records that reach to the end; second copies of a record that begins before them.
		for (size_t at = 1 + copy * HEADER; at + HEADER <= SIZE; at += HEADER)
			forge_header(image + at, copy, copy ? at - HEADER - 1 : SIZE - at - HEADER);
		us = cost(image);
		print_message("copy %u: %" PRIu64 " us, without sums %" PRIu64 " us\n", copy, us, plain);
		assert_true(us < 20 * plain);
	}
	free(image);
}

// What is longer than any record that weftd writes is none, and is not read.
static void
a_record_that_is_too_long_is_none(void **state)
{
	struct weft_journal_image image = { calloc(1, SIZE), SIZE };
	bool damaged = false;
	size_t len, next;

	(void)state;
	forge_header((char *)(uintptr_t)image.data, 0, UINT32_MAX);
	forge_header((char *)(uintptr_t)image.data + 100, 0, (256u << 20) + 1);
	assert_null(weft_journal_read_record(&image, 0, &len, &next, &damaged));
	assert_false(weft_journal_is_torn(&image, 100));
	free((void *)(uintptr_t)image.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_headers_cost_no_more_than_other_garbage),
		cmocka_unit_test(a_record_that_is_too_long_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
