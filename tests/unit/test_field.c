// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "control/base/json.h"
#include "control/base/field.h"
#include "fixture.h"

struct thing {
	char name[8];
	uint16_t n;
	bool on;
	int color;
	struct {
		uint8_t depth;
	} in;
};

#define AT(member) .offset = offsetof(struct thing, member), .size = sizeof(((struct thing *)0)->member)

static const char *const colors[] = { "red", "green", NULL };
static const struct weft_field inner[] = { { "depth", WEFT_FIELD_UINT, AT(in.depth), .max = 9 }, { 0 } };
static const struct weft_field fields[] = {
	{ "name", WEFT_FIELD_STRING, AT(name), .required = true, .help = "what it is called" },
	{ "n", WEFT_FIELD_UINT, AT(n), .min = 1, .max = 100, .preset = "7" },
	{ "on", WEFT_FIELD_BOOL, AT(on) },
	{ "color", WEFT_FIELD_ENUM, AT(color), .names = colors, .preset = "\"green\"" },
	{ "in", WEFT_FIELD_OBJECT, .offset = 0, .fields = inner },
	{ 0 },
};

static int
parse(const char *text, struct thing *thing, struct weft_error *err)
{
	json_t *json = weft_json_load(text, strlen(text), "file.json", err);
	int ret = json ? weft_fields_parse(fields, "things.x", json, thing, err) : -EINVAL;

	json_decref(json);
	return ret;
}

static void
values_and_defaults_arrive(void **state)
{
	struct thing thing = { 0 };
	struct weft_error err;

	(void)state;
	assert_int_equal(parse("{\"name\": \"abc\", \"on\": true, \"in\": {\"depth\": 9}}", &thing, &err), 0);
	assert_string_equal(thing.name, "abc");
	assert_int_equal(thing.n, 7);
	assert_int_equal(thing.color, 1);
	assert_true(thing.on);
	assert_int_equal(thing.in.depth, 9);
}

static void
errors_name_the_field_and_what_was_expected(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "{}", "things.x.name: missing; it is what it is called" },
		{ "{\"name\": 5}", "things.x.name: expected a string of at most 7 bytes, got 5" },
		{ "{\"name\": \"12345678\"}", "things.x.name: expected a string of at most 7 bytes" },
		{ "{\"name\": \"a\\u0000b\"}", "\\u0000" },
		{ "{\"name\": \"a\", \"n\": 0}", "things.x.n: expected a number from 1 to 100, got 0" },
		{ "{\"name\": \"a\", \"n\": -1}", "things.x.n: expected a number" },
		{ "{\"name\": \"a\", \"n\": 1.5}", "things.x.n: expected a number" },
		{ "{\"name\": \"a\", \"n\": 99999999999999999999}", "too big" },
		{ "{\"name\": \"a\", \"on\": 1}", "things.x.on: expected true or false, got 1" },
		{ "{\"name\": \"a\", \"color\": \"blue\"}",
			"things.x.color: expected \"red\" or \"green\", got \"blue\"" },
		{ "{\"name\": \"a\", \"colour\": \"red\"}",
			"things.x.colour: there is no such field; known are name, n, on, color, in" },
		{ "{\"name\": \"a\", \"in\": 1}", "things.x.in: expected an object" },
		{ "{\"name\": \"a\", \"in\": {\"depth\": 10}}",
			"things.x.in.depth: expected a number from 0 to 9, got 10" },
		{ "{\"name\": \"a\", \"name\": \"b\"}", "file.json, line 1" },
		{ "{\"name\": ", "file.json, line 1" },
		{ "[]", "things.x: expected an object" },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		struct weft_error err = { "" };
		struct thing thing;

		assert_true(parse(bad[i].text, &thing, &err) < 0);
		if (strstr(err.text, bad[i].says) == NULL)
			print_error("%s says: %s\n", bad[i].text, err.text);
		assert_non_null(strstr(err.text, bad[i].says));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_and_defaults_arrive),
		cmocka_unit_test(errors_name_the_field_and_what_was_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
