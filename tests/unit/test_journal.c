// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <fcntl.h>
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

// Checks that records come as 1, 2, 3 ..., and counts them. A new journal's first record has generation 0.
static int
count(void *arg, json_t *record, struct weft_error *err)
{
	unsigned int *n = arg;

	(void)err;
	if (json_integer_value(json_object_get(record, "generation")) == 0) {
		assert_int_equal(*n, 0);
		assert_int_equal(json_object_size(json_object_get(record, "objects")), 0);
		return 0;
	}
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

// A journal of N records; returns its bytes, and where each record ends: ends[0] is the end of what a new journal has.
static size_t
make_image(unsigned int n, uint8_t image[MAX_IMAGE], size_t *ends)
{
	unsigned int found;
	struct weft_journal *journal = open_counting(&found);
	size_t size = ends[0] = get_file(image);

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

// Opens the journal, which must be refused with words that contain SAYS, and must not change.
static void
check_refused(const char *says)
{
	static uint8_t before[MAX_IMAGE], after[MAX_IMAGE];
	size_t size = get_file(before);
	struct weft_error err = { "" };
	unsigned int n = 0;

	assert_null(weft_journal_open(dir, count, &n, &err));
	assert_non_null(strstr(err.text, file));
	if (strstr(err.text, says) == NULL)
		fail_msg("\"%s\" does not contain \"%s\"", err.text, says);
	assert_int_equal(get_file(after), size);
	assert_memory_equal(before, after, size);
}

// Nothing that weftd did not leave itself is cut off as torn: neither a file of something else, nor what stands behind
// good records.
static void
garbage_is_refused_and_kept(void **state)
{
	static uint8_t good[MAX_IMAGE], image[MAX_IMAGE];
	static const char json[] = "{\"generation\": 1, \"objects\": {}}\n";
	size_t ends[8], size = make_image(3, good, ends);
	uint64_t random = 1;

	(void)state;
	// The first copy of a new journal's record is not complete.
	put_file(good, 0);
	check_refused("is empty, ");
	check_refused("rm ");
	for (size_t n = 1; n < ends[0] / 2; n++) {
		put_file(good, n);
		check_refused("byte 0");
	}
	put_file((const uint8_t *)json, sizeof(json) - 1);
	check_refused("mv ");
	for (unsigned int turn = 0; turn < 300; turn++) {
		static const size_t sizes[] = { 1, 7, 19, 20, 40, 300, 5000, 40000 };
		size_t n = sizes[turn % RTE_DIM(sizes)], at = turn % 3 ? size : 0;

		memcpy(image, good, size);
		for (size_t i = 0; i < n; i++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			image[at + i] = (uint8_t)(random >> 56) | 1;
		}
		// Some of it looks like the magic number of a record.
		if (turn % 2)
			memcpy(image + at, "WFTJ", RTE_MIN(n, 4u));
		if (n < 20 && image[at] == 'W')
			continue;
		put_file(image, at + n);
		check_refused(at ? "truncate -s" : "byte 0");
	}
	memset(image, 0, sizeof(image));
	put_file(image, 4096);
	check_refused("byte 0");
}

static void
damage_to_both_copies_of_the_last_record_is_no_torn_record(void **state)
{
	static uint8_t image[MAX_IMAGE];
	size_t ends[8], size = make_image(3, image, ends), half = (ends[3] - ends[2]) / 2;
	char says[64];

	(void)state;
	snprintf(says, sizeof(says), "truncate -s %zu ", ends[2]);
	// The header's magic number, its copy number, its checksum, the JSON's first byte and its last.
	static const size_t places[] = { 0, 4, 17, 20 };
	for (unsigned int i = 0; i <= RTE_DIM(places); i++) {
		size_t place = i < RTE_DIM(places) ? places[i] : half - 1;

		image[ends[2] + place] ^= 0x81;
		image[ends[2] + half + place] ^= 0x81;
		put_file(image, size);
		check_refused(says);
		image[ends[2] + place] ^= 0x81;
		image[ends[2] + half + place] ^= 0x81;
	}
}

// The kernel may write a record's pages in any order: those that it did not write are zeros.
static void
pages_that_were_not_written_cost_no_other_record(void **state)
{
	static uint8_t image[MAX_IMAGE], torn[MAX_IMAGE];
	json_t *record = json_pack("{s:i, s:s+, s:o}", "generation", 1, "text", "0123456789", "01234567890", "more",
		json_sprintf("%0*u", 9000, 1));
	struct weft_error err = { "" };
	size_t size, first;
	unsigned int n;
	struct weft_journal *journal = open_counting(&n);

	(void)state;
	assert_int_equal(weft_journal_append(journal, record, &err), 0);
	first = get_file(image);
	json_object_set_new(record, "generation", json_integer(2));
	json_object_set_new(record, "text", json_string("0123456789012345678901"));
	assert_int_equal(weft_journal_append(journal, record, &err), 0);
	weft_journal_close(journal);
	size = get_file(image);
	json_decref(record);
	for (unsigned int lost = 1; lost < 1u << (size / 4096 - first / 4096 + 1); lost++) {
		memcpy(torn, image, size);
		for (size_t i = first; i < size; i++)
			if (lost & 1u << (i / 4096 - first / 4096))
				torn[i] = 0;
		put_file(torn, size);
		journal = open_counting(&n);
		assert_non_null(journal);
		assert_true(n == 1 || n == 2);
		weft_journal_close(journal);
	}
}

// The state folder as a crash leaves it while a new journal is made: there is none, or a whole one.
static void
new_journal_comes_as_a_whole(void **state)
{
	struct rlimit limit = { 30, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	static uint8_t image[MAX_IMAGE];
	struct weft_error err = { "" };
	unsigned int n = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_null(weft_journal_open(dir, count, &n, &err));
	assert_int_equal(access(file, F_OK), -1);
	setrlimit(RLIMIT_FSIZE, &none);
	weft_journal_close(open_counting(&n));
	assert_true(get_file(image) > 30);
	weft_journal_close(open_counting(&n));
	assert_int_equal(n, 0);
}

// Opening what is no file must neither wait nor read without end.
static void
something_else_in_its_place_is_named(void **state)
{
	static const char *const says[] = { "FIFO", "device", "folder", "symbolic links", "No such file", "too large" };
	struct weft_error err = { "" };
	unsigned int n = 0;

	(void)state;
	for (unsigned int what = 0; what < RTE_DIM(says); what++) {
		int fd;

		switch (what) {
		case 0:
			assert_int_equal(mkfifo(file, 0600), 0);
			break;
		case 1:
			assert_int_equal(symlink("/dev/zero", file), 0);
			break;
		case 2:
			assert_int_equal(mkdir(file, 0700), 0);
			break;
		case 3:
			assert_int_equal(symlink("journal", file), 0);
			break;
		case 4:
			assert_int_equal(symlink("/nonexistent/journal", file), 0);
			break;
		default:
			fd = open(file, O_WRONLY | O_CREAT, 0600);
			assert_int_equal(ftruncate(fd, INT64_C(1) << 40), 0);
			close(fd);
		}
		assert_null(weft_journal_open(dir, count, &n, &err));
		assert_non_null(strstr(err.text, file));
		if (strstr(err.text, says[what]) == NULL)
			fail_msg("\"%s\" does not contain \"%s\"", err.text, says[what]);
		assert_int_equal(remove(file), 0);
	}
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
		TEST(garbage_is_refused_and_kept),
		TEST(damage_to_both_copies_of_the_last_record_is_no_torn_record),
		TEST(pages_that_were_not_written_cost_no_other_record),
		TEST(new_journal_comes_as_a_whole),
		TEST(something_else_in_its_place_is_named),
		TEST(rewriting_keeps_what_it_is_given),
		TEST(full_disk_refuses_and_loses_nothing),
		TEST(failure_names_the_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
