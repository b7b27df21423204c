// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What stands in the store under "publish" may be anything.
#include "fixture.h"
#include "control/cluster/etcd/messages.h"
#include "control/cluster/publication.h"

#define GOOD "\"id\": \"0123\", \"driver\": \"h1/0123\", \"parts\": 1, \"hosts\": [\"h1\"], \"changes\": {\"a\": null}"

// Returns the key-value pair that etcd's gateway sends for VALUE, changed at revision 7.
static json_t *
kv_of(const char *value)
{
	json_t *put = weft_etcd_put("k", value, 0);

	json_object_set_new(put, "mod_revision", json_string("7"));
	return put;
}

static int
take(struct publication *pub, const char *value, struct weft_error *err)
{
	json_t *kv = kv_of(value);
	int ret = publication_take(pub, kv, err);

	json_decref(kv);
	return ret;
}

static void
what_hosts_write_is_taken(void **state)
{
	static const char *const values[] = {
		"{\"generation\": 5, \"state\": \"prepare\", " GOOD "}",
		"{\"generation\": 5, \"state\": \"write\", \"id\": \"1\", \"driver\": \"h/1\", \"parts\": 9, \"hosts\": \"*\"}",
		"{\"generation\": 9007199254740992, \"state\": \"active\", " GOOD "}",
		"{\"generation\": 0, \"state\": \"idle\", \"id\": \"\", \"driver\": \"h/1\", \"hosts\": [], "
		"\"abandoned\": {\"generation\": 1, \"id\": \"1\", \"reason\": \"because\"}}",
		// What the errors say to type.
		"{\"generation\": 5, \"state\": \"idle\"}",
	};
	struct publication pub = { 0 };
	struct weft_error err;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(values); i++) {
		assert_int_equal(take(&pub, values[i], &err), 0);
		assert_int_equal(pub.revision, 7);
	}
	assert_int_equal(publication_take(&pub, NULL, &err), 0);
	assert_int_equal(pub.generation, 0);
	json_decref(pub.json);
}

static void
what_no_host_writes_is_refused_and_changes_nothing(void **state)
{
	static const struct {
		const char *value, *says;
	} bad[] = {
		{ "", "not a JSON object" },
		{ "nonsense", "not a JSON object" },
		{ "[]", "not a JSON object" },
		{ "5", "not a JSON object" },
		{ "\xff\xfe", "not a JSON object" },
		{ "{}", "state" },
		{ "{\"generation\": 5, \"state\": \"ready\", " GOOD "}", "state" },
		{ "{\"generation\": 5, \"state\": 3, " GOOD "}", "state" },
		{ "{\"state\": \"idle\"}", "generation" },
		{ "{\"generation\": -1, \"state\": \"idle\"}", "generation" },
		{ "{\"generation\": 0, \"state\": \"prepare\", " GOOD "}", "generation" },
		{ "{\"generation\": 5.5, \"state\": \"idle\"}", "generation" },
		{ "{\"generation\": \"5\", \"state\": \"idle\"}", "generation" },
		{ "{\"generation\": 9007199254740993, \"state\": \"idle\"}", "generation" },
		{ "{\"generation\": 99999999999999999999, \"state\": \"idle\"}", "not a JSON object" },
		{ "{\"generation\": 1e3, \"state\": \"idle\"}", "generation" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"id\": 5}", "id" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"id\": \"0123456789012345678901234567890123456789\"}",
			"id" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"driver\": []}", "driver" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"parts\": -1}", "parts" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"parts\": 1000000000}", "parts" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"hosts\": 7}", "hosts" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"hosts\": \"all\"}", "hosts" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"hosts\": [1]}", "hosts" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"hosts\": [\"../publish\"]}", "hosts" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"changes\": []}", "changes" },
		{ "{\"generation\": 5, \"state\": \"idle\", \"abandoned\": {}}", "abandoned" },
		{ "{\"generation\": 5, \"state\": \"prepare\"}", "id" },
	};
	struct publication pub = { 0 };
	struct weft_error err;
	json_t *before;

	(void)state;
	assert_int_equal(take(&pub, "{\"generation\": 5, \"state\": \"prepare\", " GOOD "}", &err), 0);
	before = json_incref(pub.json);
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		if (take(&pub, bad[i].value, &err) != -EBADMSG || strstr(err.text, bad[i].says) == NULL)
			fail_msg("%s: %s", bad[i].value, err.text);
		assert_ptr_equal(pub.json, before);
		assert_int_equal(pub.generation, 5);
	}
	json_decref(before);
	json_decref(pub.json);
}

static void
hosts_of_any_type_concern_nobody(void **state)
{
	static const char *const texts[] = { "[1, null, {}, [\"h1\"]]", "{\"h1\": 1}", "7", "null" };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(texts); i++) {
		json_t *hosts = json_loads(texts[i], JSON_DECODE_ANY, NULL);

		assert_false(publication_concerns(hosts, "h1"));
		json_decref(hosts);
	}
	assert_false(publication_concerns(NULL, "h1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_hosts_write_is_taken),
		cmocka_unit_test(what_no_host_writes_is_refused_and_changes_nothing),
		cmocka_unit_test(hosts_of_any_type_concern_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
