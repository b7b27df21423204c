// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "control/journal/journal.h"

#define MAX_IMAGE 65536

static char dir[] = "/tmp/weft-test-XXXXXX";
static char file[64], other[64];

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/journal", dir);
	snprintf(other, sizeof(other), "%s/journal.new", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(file);
	unlink(other);
	return rmdir(dir);
}

static int
start_empty(void **state)
{
	(void)state;
	unlink(file);
	unlink(other);
	return 0;
}

// Checks that records come as 1, 2, 3 ..., and counts them.
static int
count(void *arg, json_t *record, struct weft_error *err)
{
	unsigned int *n = arg;

	(void)err;
	assert_int_equal(json_integer_value(json_object_get(record, "generation")), ++*n);
	assert_int_equal(json_string_length(json_object_get(record, "text")), 20 + *n);
	return 0;
}

static void
append(struct weft_journal *journal, unsigned int n)
{
	json_t *record = json_pack("{s:i, s:o}", "generation", n, "text", json_sprintf("%0*u", 20 + n, n));
	struct weft_error err;

	assert_int_equal(weft_journal_append(journal, record, &err), 0);
	json_decref(record);
}

static struct weft_journal *
open_counting(unsigned int *n)
{
	struct weft_error err = { "" };

	*n = 0;
	return weft_journal_open(dir, count, n, &err);
}

static void
put_file(const uint8_t *image, size_t size)
{
	FILE *f = fopen(file, "w");

	assert_int_equal(fwrite(image, 1, size, f), size);
	fclose(f);
}

static size_t
get_file(uint8_t image[MAX_IMAGE])
{
	FILE *f = fopen(file, "r");
	size_t size = fread(image, 1, MAX_IMAGE, f);

	fclose(f);
	return size;
}

// A journal of N records; returns its bytes, and where each record ends.
static size_t
make_image(unsigned int n, uint8_t image[MAX_IMAGE], size_t *ends)
{
	unsigned int found;
	struct weft_journal *journal = open_counting(&found);
	size_t size = 0;

	for (unsigned int i = 1; i <= n; i++) {
		append(journal, i);
		size = ends[i] = get_file(image);
	}
	weft_journal_close(journal);
	return size;
}

static void
what_is_appended_is_replayed(void **state)
{
	unsigned int n;
	struct weft_journal *journal = open_counting(&n);

	(void)state;
	assert_int_equal(n, 0);
	for (unsigned int i = 1; i <= 5; i++)
		append(journal, i);
	weft_journal_close(journal);
	journal = open_counting(&n);
	assert_int_equal(n, 5);
	append(journal, 6);
	weft_journal_close(journal);
	weft_journal_close(open_counting(&n));
	assert_int_equal(n, 6);
}

// A crash while the fourth record is written leaves any part of it: the first three stay, the fourth is there as a
// whole or not at all, and the next one is appended as if nothing had happened. What was not written may read as zeros.
static void
torn_record_at_any_byte_costs_no_other(void **state)
{
	static uint8_t image[MAX_IMAGE], torn[MAX_IMAGE];
	size_t ends[8];
	size_t size = make_image(4, image, ends);

	(void)state;
	for (size_t cut = ends[3]; cut <= size; cut++) {
		for (unsigned int zeros = 0; zeros < 2; zeros++) {
			struct weft_journal *journal;
			unsigned int n;

			memcpy(torn, image, cut);
			memset(torn + cut, 0, size - cut);
			put_file(torn, zeros ? size : cut);
			journal = open_counting(&n);
			assert_non_null(journal);
			assert_true(n == 3 || n == 4);
			append(journal, n + 1);
			weft_journal_close(journal);
			weft_journal_close(open_counting(&n));
			assert_true(n == 4 || n == 5);
		}
	}
}

static void
flipped_bit_anywhere_costs_nothing(void **state)
{
	static uint8_t image[MAX_IMAGE];
	size_t ends[8];
	size_t size = make_image(3, image, ends);

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++) {
		struct weft_journal *journal;
		unsigned int n;

		image[bit / 8] ^= 1 << bit % 8;
		put_file(image, size);
		journal = open_counting(&n);
		assert_non_null(journal);
		assert_int_equal(n, 3);
		assert_true(weft_journal_is_long(journal));
		weft_journal_close(journal);
		image[bit / 8] ^= 1 << bit % 8;
	}
}

static void
damage_to_both_copies_is_named_with_its_byte(void **state)
{
	static uint8_t image[MAX_IMAGE];
	size_t ends[8];
	size_t size = make_image(3, image, ends);
	struct weft_error err = { "" };
	unsigned int n = 0;
	char byte[32];

	(void)state;
	image[ends[1] + 25] ^= 1;
	image[(ends[1] + ends[2]) / 2 + 25] ^= 1;
	put_file(image, size);
	assert_null(weft_journal_open(dir, count, &n, &err));
	snprintf(byte, sizeof(byte), "at byte %zu,", ends[1]);
	assert_non_null(strstr(err.text, byte));
	assert_non_null(strstr(err.text, file));
}

static void
rewriting_keeps_what_it_is_given(void **state)
{
	json_t *records[2] = { json_pack("{s:i, s:s}", "generation", 1, "text", "012345678901234567890"),
		json_pack("{s:i, s:s}", "generation", 2, "text", "0123456789012345678901") };
	struct weft_error err;
	unsigned int n;
	struct weft_journal *journal = open_counting(&n);

	(void)state;
	for (unsigned int i = 1; i <= 5; i++)
		append(journal, i);
	assert_int_equal(weft_journal_rewrite(journal, records, 2, &err), 0);
	append(journal, 3);
	weft_journal_close(journal);
	weft_journal_close(open_counting(&n));
	assert_int_equal(n, 3);
	json_decref(records[0]);
	json_decref(records[1]);
}

// A limit on the file's size is as good as a full disk.
static void
full_disk_refuses_and_loses_nothing(void **state)
{
	static uint8_t image[MAX_IMAGE];
	size_t ends[8];
	size_t size = make_image(3, image, ends);
	struct rlimit limit = { size + 60, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	json_t *record = json_pack("{s:i, s:s}", "generation", 4, "text", "0123456789012345678901234567890123456789");
	struct weft_error err = { "" };
	struct weft_journal *journal;
	unsigned int n;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	journal = open_counting(&n);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(weft_journal_append(journal, record, &err), -EFBIG);
	assert_non_null(strstr(err.text, file));
	assert_non_null(strstr(err.text, "nothing was changed"));
	setrlimit(RLIMIT_FSIZE, &none);
	// The next one has room again.
	append(journal, 4);
	weft_journal_close(journal);
	weft_journal_close(open_counting(&n));
	assert_int_equal(n, 4);
	json_decref(record);
}

static void
failure_names_the_file(void **state)
{
	struct weft_error err;
	unsigned int n = 0;

	(void)state;
	assert_null(weft_journal_open("/nonexistent", count, &n, &err));
	assert_non_null(strstr(err.text, "/nonexistent/journal"));
}

#define TEST(name) cmocka_unit_test_setup(name, start_empty)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_appended_is_replayed),
		TEST(torn_record_at_any_byte_costs_no_other),
		TEST(flipped_bit_anywhere_costs_nothing),
		TEST(damage_to_both_copies_is_named_with_its_byte),
		TEST(rewriting_keeps_what_it_is_given),
		TEST(full_disk_refuses_and_loses_nothing),
		TEST(failure_names_the_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
