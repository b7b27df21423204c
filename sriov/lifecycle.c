// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Creates and removes VFs, and changes their drivers.
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "weft/sriov.h"

#include "sysfs.h"

#define DEVICE "%.3000s/bus/pci/devices/%s/"

static long
read_number(const char *sysfs, const char *address, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICE "%s", sysfs, address, name);
	return sysfs_number(AT_FDCWD, path, -1);
}

static void
read_driver(const char *sysfs, const char *address, char *driver, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICE "driver", sysfs, address);
	sysfs_target(AT_FDCWD, path, driver, size);
}

// Says how to mend the kernel's error WHY, a negative errno.
static const char *
advice(int why)
{
	switch (-why) {
	case EACCES:
	case EPERM:
		return "weftd may not write there: run it as root, or with CAP_DAC_OVERRIDE";
	case ENOSPC:
	case ENOMEM:
	case EIO:
		return "the firmware has left no room for them: enable SR-IOV in the machine's setup, or start the "
		       "kernel with pci=realloc";
	case EBUSY:
		return "another process uses the function";
	default:
		return "see 'dmesg'";
	}
}

int
weft_sriov_create(const char *sysfs, const struct weft_pci_function *pf, unsigned int n, struct weft_error *err)
{
	long autoprobe = read_number(sysfs, pf->address, "sriov_drivers_autoprobe");
	char text[16];
	int ret;

	if (pf->total_vfs == 0)
		return weft_fail(err, EOPNOTSUPP,
			"PF %s has no SR-IOV: it is another function's VF, or its firmware has disabled it, or "
			"its driver (%s) does not support it",
			pf->address, pf->driver[0] ? pf->driver : "none");
	if (n == 0 || n > pf->total_vfs)
		return weft_fail(err, EINVAL, "PF %s can have 1 to %u VFs, not %u", pf->address, pf->total_vfs, n);
	if (pf->vfs)
		return weft_fail(err, EEXIST,
			"PF %s already has %u VFs; if nobody needs them, run 'echo 0 "
			">/sys/bus/pci/devices/%s/sriov_numvfs'",
			pf->address, pf->vfs, pf->address);
	// Keeps drivers from binding to the VFs meanwhile. Kernels before 4.12 do not have this.
	if (autoprobe == 1)
		sysfs_write("0", DEVICE "sriov_drivers_autoprobe", sysfs, pf->address);
	snprintf(text, sizeof(text), "%u", n);
	ret = sysfs_write(text, DEVICE "sriov_numvfs", sysfs, pf->address);
	if (ret == 0 && read_number(sysfs, pf->address, "sriov_numvfs") != (long)n)
		ret = -EIO;
	if (ret)
		sysfs_write("0", DEVICE "sriov_numvfs", sysfs, pf->address);
	if (autoprobe == 1)
		sysfs_write("1", DEVICE "sriov_drivers_autoprobe", sysfs, pf->address);
	return ret ? weft_fail(err, -ret, "PF %s: cannot create %u VFs: %s; %s", pf->address, n, strerror(-ret),
			     advice(ret))
		   : 0;
}

bool
weft_sriov_is_driven(const struct weft_pci_function *function)
{
	char path[64];
	int fd;

	if (function->iommu_group < 0 || strcmp(function->driver, "vfio-pci"))
		return false;
	// Only one process may open a group (Documentation/driver-api/vfio.rst).
	snprintf(path, sizeof(path), "/dev/vfio/%d", function->iommu_group);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == EBUSY;
	close(fd);
	return false;
}

int
weft_sriov_destroy(const char *sysfs, const struct weft_pci_function *pf, struct weft_error *err)
{
	int ret = sysfs_write("0", DEVICE "sriov_numvfs", sysfs, pf->address);

	return ret ? weft_fail(err, -ret, "PF %s: cannot remove its VFs: %s; %s", pf->address, strerror(-ret),
			     advice(ret))
		   : 0;
}

void
weft_sriov_release(const char *sysfs, const struct weft_pci_function *function, bool probe)
{
	// A driver_override would keep all other drivers from the function.
	sysfs_write("\n", DEVICE "driver_override", sysfs, function->address);
	sysfs_write(function->address, DEVICE "driver/unbind", sysfs, function->address);
	if (probe)
		sysfs_write(function->address, "%.3000s/bus/pci/drivers_probe", sysfs);
}

int
weft_sriov_bind(const char *sysfs, const struct weft_pci_function *function, const char *driver, struct weft_error *err)
{
	const char *address = function->address;
	char now[sizeof(function->driver)], path[PATH_MAX];
	int ret;

	read_driver(sysfs, address, now, sizeof(now));
	if (strcmp(now, driver) == 0)
		return 0;
	if (strcmp(driver, "vfio-pci") == 0 && function->iommu_group < 0)
		return weft_fail(err, ENODEV,
			"function %s is in no IOMMU group, which vfio-pci needs: start the kernel with intel_iommu=on "
			"(AMD: amd_iommu=on)",
			address);
	snprintf(path, sizeof(path), "%.3000s/bus/pci/drivers/%s", sysfs, driver);
	if (access(path, F_OK))
		return weft_fail(err, ENODEV, "the kernel has no driver %s; run 'modprobe %s'", driver, driver);
	ret = sysfs_write(driver, DEVICE "driver_override", sysfs, address);
	if (ret == 0 && now[0])
		ret = sysfs_write(address, DEVICE "driver/unbind", sysfs, address);
	if (ret == 0)
		ret = sysfs_write(address, "%.3000s/bus/pci/drivers_probe", sysfs);
	read_driver(sysfs, address, path, sizeof(function->driver));
	if (ret == 0 && strcmp(path, driver))
		ret = -EIO;
	if (ret == 0)
		return 0;
	weft_sriov_release(sysfs, function, now[0] != 0);
	return weft_fail(err, -ret, "function %s cannot be bound to the driver %s: %s; %s", address, driver,
		strerror(-ret), advice(ret));
}
