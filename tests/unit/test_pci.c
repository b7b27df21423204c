// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"
#include "weft/sriov.h"

static void
devices_that_are_no_pci_addresses_pass(void **state)
{
	struct weft_error err;

	(void)state;
	assert_int_equal(weft_pci_check("net_tap0,iface=x", &err), 0);
	assert_int_equal(weft_pci_check("", &err), 0);
	assert_int_equal(weft_pci_check("0000:00:1f.0x", &err), 0);
}

static void
missing_device_is_named(void **state)
{
	struct weft_error err;

	(void)state;
	assert_int_equal(weft_pci_check("fffe:fe:1f.7,representor=vf0", &err), -ENODEV);
	assert_non_null(strstr(err.text, "no PCI device fffe:fe:1f.7;"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_that_are_no_pci_addresses_pass),
		cmocka_unit_test(missing_device_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
