// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Looks up a PCI function in sysfs, so that a wrong address or driver is reported before DPDK is asked.
#include "weft/sriov.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Drivers that leave the device to DPDK. Those of mlx4, mlx5 and mana share it with the kernel.
static const char *const usable[] = { "vfio-pci", "igb_uio", "uio_pci_generic", "mlx5_core", "mlx4_core", "mana" };

bool
weft_pci_driver_usable(const char *driver)
{
	for (size_t i = 0; i < sizeof(usable) / sizeof(usable[0]); i++)
		if (strcmp(driver, usable[i]) == 0)
			return true;
	return false;
}

int
weft_pci_check(const char *device, struct weft_error *err)
{
	unsigned int domain, bus, slot, function;
	char path[PATH_MAX], target[PATH_MAX], *driver;
	ssize_t len;
	int used = 0;

	if (sscanf(device, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &used) != 4 ||
		(device[used] != 0 && device[used] != ','))
		return 0;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.*s", used, device);
	if (access(path, F_OK))
		return weft_fail(err, ENODEV, "there is no PCI device %.*s; see 'lspci -D'", used, device);
	strncat(path, "/driver", sizeof(path) - strlen(path) - 1);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return weft_fail(err, ENODEV, "PCI device %.*s has no driver; run 'dpdk-devbind.py -b vfio-pci %.*s'",
			used, device, used, device);
	target[len] = 0;
	driver = strrchr(target, '/');
	driver = driver ? driver + 1 : target;
	if (weft_pci_driver_usable(driver))
		return 0;
	return weft_fail(err, EBUSY,
		"PCI device %.*s belongs to the kernel's driver %s; run 'dpdk-devbind.py -b vfio-pci %.*s'", used,
		device, driver, used, device);
}
