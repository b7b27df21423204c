// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What many front ends that lie may take of addresses and mappings, and what is left for an honest one.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "liar.h"

#define PAGE UINT64_C(4096)
#define GIB  (UINT64_C(1) << 30)
#define TIB  (UINT64_C(1) << 40)

// Adds regions of one size until one is refused, as the regions FIRST and following. Returns how many there are then.
static uint64_t
take(struct liar *l, uint64_t first, uint64_t size, int fd)
{
	while (liar_set_region(l, VHOST_ADD_MEM_REG, first * 2 * TIB, size, first * 2 * TIB, 0, fd) == 0)
		first++;
	return first;
}

// A guest with SIZE bytes in N regions is taken.
static void
check_guest(uint64_t size, uint64_t n, int fd)
{
	struct liar l;

	liar_open(&l);
	liar_negotiate(&l, 0);
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(liar_set_region(&l, VHOST_ADD_MEM_REG, i * TIB, size / n, i * TIB, 0, fd), 0);
	liar_close(&l);
}

// Front ends with files of terabytes leave every small guest its share; and a middling one's, if they are not hundreds.
static void
test_shares_of_addresses(void **state)
{
	enum { FEW = 24, MANY = 140 };
	static struct liar liars[MANY];
	int fd = liar_file(60 * TIB);

	(void)state;
	for (unsigned int i = 0; i < MANY; i++) {
		uint64_t n = 0;

		liar_open(&liars[i]);
		liar_negotiate(&liars[i], 0);
		for (uint64_t size = TIB; size >= GIB; size /= 2)
			n = take(&liars[i], n, size, fd);
		assert_true(n >= 1);
		liar_settle(&liars[i]);
		if (i + 1 == FEW)
			check_guest(64 * GIB, 16, fd);
	}
	// All that is common is taken, and the error says what to do.
	assert_non_null(strstr(liars[MANY - 1].port->error, "weftd's addresses for such guests are used up: end"));
	check_guest(9 * GIB, 3, fd);
	for (unsigned int i = MANY; i--;)
		liar_close(&liars[i]);
	check_guest(3 * TIB, 3, fd);
	close(fd);
}

// Likewise with as many regions as there may be.
static void
test_shares_of_windows(void **state)
{
	enum { N = 60 };
	static struct liar liars[N];
	int fd = liar_file(PAGE);

	(void)state;
	for (unsigned int i = 0; i < N; i++) {
		liar_open(&liars[i]);
		liar_negotiate(&liars[i], 0);
		assert_true(take(&liars[i], 0, PAGE, fd) >= 4);
		liar_settle(&liars[i]);
	}
	assert_non_null(strstr(liars[N - 1].port->error, "weftd's room for such guests is used up: raise"));
	check_guest(4 * PAGE, 4, fd);
	for (unsigned int i = N; i--;)
		liar_close(&liars[i]);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares_of_addresses),
		cmocka_unit_test(test_shares_of_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
