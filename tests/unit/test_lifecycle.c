// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// VFs are made, taken away and given to drivers, in a sysfs of the test's own, in which nothing happens by itself.
#include "fake_sysfs.h"
#include "weft/sriov.h"

#define PF PCI "0000:03:00.0/"
#define VF PCI "0000:03:10.0/"

static const struct weft_pci_function pf = {
	.address = "0000:03:00.0", .interface = "eth3", .driver = "igb", .total_vfs = 7
};
static const struct weft_pci_function vf = { .address = "0000:03:10.0", .parent = "0000:03:00.0", .iommu_group = 9 };

static int
set_up(void **state)
{
	(void)state;
	strcpy(strrchr(root, '-'), "-XXXXXX");
	assert_non_null(mkdtemp(root));
	make(PF "sriov_totalvfs", "7\n");
	make(PF "sriov_numvfs", "0");
	make(PF "sriov_drivers_autoprobe", "1");
	make(VF "driver_override", "(null)");
	make("bus/pci/drivers_probe", "");
	make("bus/pci/drivers/igbvf/unbind", "");
	make("bus/pci/drivers/vfio-pci/unbind", "");
	return 0;
}

static const char *
text_of(const char *path)
{
	static char text[64];
	char full[600];
	FILE *f;
	size_t n;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	f = fopen(full, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fclose(f);
	return text;
}

static void
vfs_are_made_and_taken_away(void **state)
{
	struct weft_error err;

	(void)state;
	assert_int_equal(weft_sriov_create(root, &pf, 4, &err), 0);
	assert_string_equal(text_of(PF "sriov_numvfs"), "4");
	// As it was: others' VFs get drivers as before.
	assert_string_equal(text_of(PF "sriov_drivers_autoprobe"), "1");
	assert_int_equal(weft_sriov_destroy(root, &pf, &err), 0);
	assert_string_equal(text_of(PF "sriov_numvfs"), "0");
}

static void
vfs_that_cannot_be_are_refused_with_the_reason(void **state)
{
	struct weft_pci_function none = { .address = "0000:04:00.0", .driver = "e1000e" }, has = pf, lying = pf;
	struct weft_error err;

	(void)state;
	assert_int_equal(weft_sriov_create(root, &none, 1, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "has no SR-IOV"));
	assert_int_equal(weft_sriov_create(root, &pf, 8, &err), -EINVAL);
	assert_string_equal(err.text, "PF 0000:03:00.0 can have 1 to 7 VFs, not 8");
	assert_int_equal(weft_sriov_create(root, &pf, 0, &err), -EINVAL);
	has.vfs = 2;
	assert_int_equal(weft_sriov_create(root, &has, 2, &err), -EEXIST);
	assert_non_null(strstr(err.text, "already has 2 VFs"));
	assert_string_equal(text_of(PF "sriov_numvfs"), "0");
	// The kernel takes the number and makes none.
	snprintf(lying.address, sizeof(lying.address), "0000:05:00.0");
	make(PCI "0000:05:00.0/sriov_drivers_autoprobe", "1");
	lead(PCI "0000:05:00.0/sriov_numvfs", "/dev/null");
	assert_int_equal(weft_sriov_create(root, &lying, 4, &err), -EIO);
	assert_non_null(strstr(err.text, "pci=realloc"));
	assert_string_equal(text_of(PCI "0000:05:00.0/sriov_drivers_autoprobe"), "1");
}

static void
a_function_that_has_its_driver_keeps_it(void **state)
{
	struct weft_error err;

	(void)state;
	lead(VF "driver", "../../drivers/vfio-pci");
	assert_int_equal(weft_sriov_bind(root, &vf, "vfio-pci", &err), 0);
	assert_string_equal(text_of(VF "driver_override"), "(null)");
}

static void
a_driver_that_does_not_take_it_is_undone(void **state)
{
	struct weft_error err;

	(void)state;
	lead(VF "driver", "../../drivers/igbvf");
	assert_int_equal(weft_sriov_bind(root, &vf, "vfio-pci", &err), -EIO);
	assert_non_null(strstr(err.text, "cannot be bound to the driver vfio-pci"));
	// Any driver may have it again, and the kernel was asked to look for one.
	assert_string_equal(text_of(VF "driver_override"), "\nfio-pci");
	assert_string_equal(text_of("bus/pci/drivers/igbvf/unbind"), "0000:03:10.0");
	assert_string_equal(text_of("bus/pci/drivers_probe"), "0000:03:10.0");
}

static void
what_keeps_a_driver_out_is_said_before_anything_is_touched(void **state)
{
	struct weft_pci_function alone = vf;
	struct weft_error err;

	(void)state;
	alone.iommu_group = -1;
	assert_int_equal(weft_sriov_bind(root, &alone, "vfio-pci", &err), -ENODEV);
	assert_non_null(strstr(err.text, "intel_iommu=on"));
	assert_int_equal(weft_sriov_bind(root, &vf, "mlx5_core", &err), -ENODEV);
	assert_string_equal(err.text, "the kernel has no driver mlx5_core; run 'modprobe mlx5_core'");
	assert_string_equal(text_of(VF "driver_override"), "(null)");
}

static void
drivers_say_what_they_can(void **state)
{
	(void)state;
	assert_int_equal(weft_sriov_driver_can("nobody"), -1);
	assert_true(weft_sriov_driver_can("ice") & WEFT_VF_CAN_MIN_RATE);
	assert_false(weft_sriov_driver_can("igb") & (WEFT_VF_CAN_LINK | WEFT_VF_CAN_MIN_RATE));
	assert_string_equal(weft_sriov_polling_driver("mlx5_core"), "mlx5_core");
	assert_string_equal(weft_sriov_polling_driver("igb"), "vfio-pci");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(vfs_are_made_and_taken_away, set_up, remove_sysfs),
		cmocka_unit_test_setup_teardown(vfs_that_cannot_be_are_refused_with_the_reason, set_up, remove_sysfs),
		cmocka_unit_test_setup_teardown(a_function_that_has_its_driver_keeps_it, set_up, remove_sysfs),
		cmocka_unit_test_setup_teardown(a_driver_that_does_not_take_it_is_undone, set_up, remove_sysfs),
		cmocka_unit_test_setup_teardown(
			what_keeps_a_driver_out_is_said_before_anything_is_touched, set_up, remove_sysfs),
		cmocka_unit_test(drivers_say_what_they_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
