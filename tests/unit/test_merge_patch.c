// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rte_common.h>

#include "control/api/merge_patch.h"

// The examples of RFC 7396, appendix A, in which target and patch are objects; and that of section 3.
static const struct {
	const char *target, *patch, *result;
} examples[] = {
	{ "{'a':'b'}", "{'a':'c'}", "{'a':'c'}" },
	{ "{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}" },
	{ "{'a':'b'}", "{'a':null}", "{}" },
	{ "{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}" },
	{ "{'a':['b']}", "{'a':'c'}", "{'a':'c'}" },
	{ "{'a':'c'}", "{'a':['b']}", "{'a':['b']}" },
	{ "{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}" },
	{ "{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}" },
	{ "{'e':null}", "{'a':1}", "{'e':null,'a':1}" },
	{ "{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}" },
	{ "{'title':'Goodbye!','author':{'givenName':'John','familyName':'Doe'},'tags':['example','sample'],"
	  "'content':'This will be unchanged'}",
		"{'title':'Hello!','phoneNumber':'+01-123-456-7890','author':{'familyName':null},'tags':['example']}",
		"{'title':'Hello!','author':{'givenName':'John'},'tags':['example'],"
		"'content':'This will be unchanged','phoneNumber':'+01-123-456-7890'}" },
};

// TEXT with single quotes, for legibility, as JSON.
static json_t *
parse(const char *text)
{
	char json[400];
	size_t i;

	for (i = 0; text[i]; i++)
		json[i] = text[i] == '\'' ? '"' : text[i];
	json[i] = 0;
	return json_loads(json, 0, NULL);
}

static void
examples_of_the_rfc_hold(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(examples); i++) {
		json_t *target = parse(examples[i].target), *patch = parse(examples[i].patch);
		json_t *result = parse(examples[i].result), *copy = json_deep_copy(patch);

		assert_true(target && patch && result);
		weft_merge_patch(target, patch);
		assert_true(json_equal(target, result));
		assert_true(json_equal(patch, copy));
		json_decref(target);
		json_decref(patch);
		json_decref(result);
		json_decref(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(examples_of_the_rfc_hold) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
