// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "state.h"

static char dir[] = "/tmp/weft-test-XXXXXX";

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int
teardown(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/policy.json", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/policy.json.new", dir);
	unlink(path);
	return rmdir(dir);
}

static void
what_is_saved_is_loaded(void **state)
{
	json_t *tree = json_pack("{s:{s:i}}", "tenants", "x", 1), *back;
	struct weft_error err;

	(void)state;
	assert_int_equal(weft_store_load(dir, &back, &err), 0);
	assert_null(back);
	assert_int_equal(weft_store_save(dir, tree, &err), 0);
	assert_int_equal(weft_store_load(dir, &back, &err), 0);
	assert_true(json_equal(tree, back));
	json_decref(tree);
	json_decref(back);
}

static void
torn_new_file_does_not_hurt_the_old_one(void **state)
{
	json_t *tree = json_pack("{s:{s:i}}", "tenants", "x", 2), *back;
	struct weft_error err;
	char path[64];
	FILE *f;

	(void)state;
	assert_int_equal(weft_store_save(dir, tree, &err), 0);
	snprintf(path, sizeof(path), "%s/policy.json.new", dir);
	f = fopen(path, "w");
	fputs("{\"ten", f);
	fclose(f);
	assert_int_equal(weft_store_load(dir, &back, &err), 0);
	assert_true(json_equal(tree, back));
	json_decref(tree);
	json_decref(back);
}

static void
failure_names_the_file(void **state)
{
	json_t *tree = json_object();
	struct weft_error err;

	(void)state;
	assert_true(weft_store_save("/nonexistent", tree, &err) < 0);
	assert_non_null(strstr(err.text, "/nonexistent/policy.json"));
	json_decref(tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(torn_new_file_does_not_hurt_the_old_one),
		cmocka_unit_test(failure_names_the_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
