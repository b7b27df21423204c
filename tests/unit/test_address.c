// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "control/base/address.h"
#include "fixture.h"

static void
mac_goes_both_ways(void **state)
{
	const char *bad[] = { "", "52:54:00:00:00", "52:54:00:00:00:0g", "52:54:00:00:00:001", "5254.0000.0001",
		"52:54:00:00:00:1", " 2:54:00:00:00:01" };
	char text[WEFT_MAC_TEXT];
	uint64_t mac;

	(void)state;
	assert_int_equal(weft_mac_parse("52:54:00:aB:00:01", &mac), 0);
	assert_true(mac == UINT64_C(0x525400ab0001));
	weft_mac_format(mac, text);
	assert_string_equal(text, "52:54:00:ab:00:01");
	for (unsigned int i = 0; i < RTE_DIM(bad); i++)
		assert_int_equal(weft_mac_parse(bad[i], &mac), -EINVAL);
}

static void
prefixes_are_checked(void **state)
{
	const char *bad4[] = { "10.0.0.0/33", "10.0.0.1/24", "10.0.0.1/", "10.0.0.1/ 8", "10.0.0", "::1",
		"10.0.0.1/-1" };
	const char *bad6[] = { "fd00::/129", "fd00::1/64", "10.0.0.1", "fd00::1/x" };
	struct weft_prefix4 v4;
	struct weft_prefix6 v6;

	(void)state;
	assert_int_equal(weft_prefix4_parse("10.1.2.0/23", &v4), 0);
	assert_int_equal(v4.mask, RTE_BE32(0xfffffe00));
	assert_int_equal(weft_prefix4_parse("0.0.0.0/0", &v4), 0);
	assert_int_equal(v4.mask, 0);
	assert_int_equal(weft_prefix4_parse("10.1.2.3", &v4), 0);
	assert_int_equal(v4.mask, 0xffffffff);
	assert_int_equal(weft_prefix6_parse("fd00:0:0:8000::/49", &v6), 0);
	assert_int_equal(v6.mask[6], 0x80);
	assert_int_equal(v6.mask[7], 0);
	assert_int_equal(weft_prefix6_parse("fd00::1", &v6), 0);
	assert_int_equal(v6.mask[15], 0xff);
	for (unsigned int i = 0; i < RTE_DIM(bad4); i++)
		assert_int_equal(weft_prefix4_parse(bad4[i], &v4), -EINVAL);
	for (unsigned int i = 0; i < RTE_DIM(bad6); i++)
		assert_int_equal(weft_prefix6_parse(bad6[i], &v6), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_goes_both_ways),
		cmocka_unit_test(prefixes_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
