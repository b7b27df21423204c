// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// PFs and VFs in a sysfs of the test's own.
#include "fake_sysfs.h"
#include "weft/sriov.h"

// A PF with two of its seven VFs, one of them for DPDK; a NIC without SR-IOV or a driver; and a disk.
static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	make(PCI "0000:03:00.0/class", "0x020000\n");
	make(PCI "0000:03:00.0/sriov_totalvfs", "7\n");
	make(PCI "0000:03:00.0/sriov_numvfs", "2\n");
	make(PCI "0000:03:00.0/numa_node", "1\n");
	make(PCI "0000:03:00.0/net/eth3/carrier", "1\n");
	make(PCI "0000:03:00.0/net/eth3/ifindex", "5\n");
	make(PCI "0000:03:00.0/net/eth3/mtu", "1500\n");
	make(PCI "0000:03:00.0/net/eth3/speed", "10000\n");
	make("class/net/eth3/mtu", "1500\n");
	lead("class/net/eth3/device", "../../../0000:03:00.0");
	lead(PCI "0000:03:00.0/driver", "../../../../bus/pci/drivers/igb");
	lead(PCI "0000:03:00.0/iommu_group", "../../../kernel/iommu_groups/12");
	lead(PCI "0000:03:00.0/virtfn0", "../0000:03:10.0");
	lead(PCI "0000:03:00.0/virtfn1", "../0000:03:10.2");
	make(PCI "0000:03:10.0/class", "0x020000\n");
	lead(PCI "0000:03:10.0/physfn", "../0000:03:00.0");
	make(PCI "0000:03:10.0/net/eth4/carrier", "0\n");
	lead(PCI "0000:03:10.0/driver", "../../../../bus/pci/drivers/igbvf");
	make(PCI "0000:03:10.2/class", "0x020000\n");
	lead(PCI "0000:03:10.2/physfn", "../0000:03:00.0");
	lead(PCI "0000:03:10.2/driver", "../../../../bus/pci/drivers/vfio-pci");
	lead(PCI "0000:03:10.2/iommu_group", "../../../kernel/iommu_groups/14");
	make(PCI "0000:04:00.0/class", "0x020000\n");
	make(PCI "0000:05:00.0/class", "0x010802\n");
	return 0;
}

struct seen {
	unsigned int n;
	struct weft_pci_function function[8];
};

static void
note(void *arg, const struct weft_pci_function *function)
{
	struct seen *seen = arg;

	assert_true(seen->n < 8);
	seen->function[seen->n++] = *function;
}

static void
functions_are_found_with_what_they_are(void **state)
{
	struct seen seen = { 0 };
	const struct weft_pci_function *f = seen.function;

	(void)state;
	assert_int_equal(weft_sriov_each(root, note, &seen), 4);
	assert_int_equal(seen.n, 4);
	assert_string_equal(f[0].address, "0000:03:00.0");
	assert_string_equal(f[0].driver, "igb");
	assert_string_equal(f[0].interface, "eth3");
	assert_string_equal(f[0].parent, "");
	assert_int_equal(f[0].link, 1);
	assert_int_equal(f[0].ifindex, 5);
	assert_int_equal(f[0].speed, 10000);
	assert_int_equal(f[0].mtu, 1500);
	assert_int_equal(f[0].numa, 1);
	assert_int_equal(f[0].iommu_group, 12);
	assert_int_equal(f[0].vfs, 2);
	assert_int_equal(f[0].total_vfs, 7);
	assert_string_equal(f[1].parent, "0000:03:00.0");
	assert_int_equal(f[1].index, 0);
	assert_int_equal(f[1].link, 0);
	assert_int_equal(f[1].iommu_group, -1);
	assert_string_equal(f[2].driver, "vfio-pci");
	assert_int_equal(f[2].index, 1);
	assert_string_equal(f[2].interface, "");
	assert_int_equal(f[2].link, -1);
	assert_string_equal(f[3].driver, "");
	assert_int_equal(f[3].total_vfs, 0);
	assert_int_equal(f[3].numa, -1);
}

static void
a_pf_is_found_by_address_and_by_interface_and_its_vfs_by_number(void **state)
{
	struct weft_pci_function pf, vf;
	struct weft_error err;

	(void)state;
	assert_int_equal(weft_sriov_pf(root, "0000:03:00.0", &pf, &err), 0);
	assert_string_equal(pf.interface, "eth3");
	assert_int_equal(weft_sriov_pf(root, "eth3", &pf, &err), 0);
	assert_string_equal(pf.address, "0000:03:00.0");
	assert_int_equal(weft_sriov_vf(root, &pf, 1, &vf, &err), 0);
	assert_string_equal(vf.address, "0000:03:10.2");
	assert_int_equal(weft_sriov_vf(root, &pf, 2, &vf, &err), -ENOENT);
	assert_string_equal(err.text, "PF 0000:03:00.0 has the VFs 0 to 1, and not 2");
	assert_int_equal(weft_sriov_pf(root, "eth9", &pf, &err), -ENODEV);
	assert_non_null(strstr(err.text, "weftctl sriov list"));
	assert_int_equal(weft_sriov_pf(root, "../0000:03:00.0", &pf, &err), -ENODEV);
	assert_int_equal(weft_sriov_pf(root, "0000:03:10.0", &pf, &err), -EINVAL);
	assert_string_equal(err.text, "function 0000:03:10.0 is not a PF: it is VF 0 of 0000:03:00.0");
	assert_int_equal(weft_sriov_pf(root, "0000:04:00.0", &pf, &err), 0);
	assert_int_equal(weft_sriov_vf(root, &pf, 0, &vf, &err), -ENOENT);
	assert_non_null(strstr(err.text, "weftctl sriov create 0000:04:00.0 COUNT"));
}

static void
a_machine_without_pci_has_none(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(weft_sriov_each("/nothing", note, &seen), 0);
}

static void
drivers_that_leave_a_device_to_dpdk(void **state)
{
	(void)state;
	assert_true(weft_pci_driver_usable("vfio-pci"));
	assert_true(weft_pci_driver_usable("mlx5_core"));
	assert_false(weft_pci_driver_usable("igb"));
	assert_false(weft_pci_driver_usable(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_found_with_what_they_are),
		cmocka_unit_test(a_pf_is_found_by_address_and_by_interface_and_its_vfs_by_number),
		cmocka_unit_test(a_machine_without_pci_has_none),
		cmocka_unit_test(drivers_that_leave_a_device_to_dpdk),
	};

	return cmocka_run_group_tests(tests, set_up, remove_sysfs);
}
