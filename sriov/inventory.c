// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Finds PFs and VFs (Documentation/ABI/testing/sysfs-bus-pci, sysfs-class-net).
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weft/sriov.h"

#include "sysfs.h"

#define NETWORK_CLASS 0x02 // a base class of the PCI specification

static long
interface_number(int dir, const char *interface, const char *what, long nothing)
{
	char name[80];

	snprintf(name, sizeof(name), "net/%s/%s", interface, what);
	return sysfs_number(dir, name, nothing);
}

// Reads the first interface of the function, and whether it has a link.
static void
add_interface(int dir, struct weft_pci_function *f)
{
	int fd = openat(dir, "net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *net = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	long speed;

	f->link = -1;
	if (net == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(net)) != NULL)
		if (entry->d_name[0] != '.' && (f->interface[0] == 0 || strcmp(entry->d_name, f->interface) < 0))
			snprintf(f->interface, sizeof(f->interface), "%.31s", entry->d_name);
	closedir(net);
	if (f->interface[0] == 0)
		return;
	f->link = (int)interface_number(dir, f->interface, "carrier", -1);
	f->ifindex = (unsigned int)interface_number(dir, f->interface, "ifindex", 0);
	f->up = interface_number(dir, f->interface, "flags", 0) & IFF_UP;
	f->mtu = (unsigned int)interface_number(dir, f->interface, "mtu", 0);
	speed = interface_number(dir, f->interface, "speed", 0);
	f->speed = speed > 0 ? (unsigned int)speed : 0;
}

// The VF's index at its PF: the number in the name of the PF's symbolic link to it.
static int
index_of(int dir, const char *address)
{
	unsigned int n = (unsigned int)sysfs_number(dir, "physfn/sriov_totalvfs", 0);
	char name[32], target[WEFT_PCI_ADDRESS];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "physfn/virtfn%u", i);
		sysfs_target(dir, name, target, sizeof(target));
		if (strcmp(target, address) == 0)
			return (int)i;
	}
	return -1;
}

// Counts the function's VFs. Its sriov_numvfs says the same, but reading that blocks while VFs are created or removed.
static unsigned int
count_vfs(int dir, unsigned int most)
{
	unsigned int n = 0;
	char name[32];

	for (unsigned int i = 0; i < most; i++) {
		snprintf(name, sizeof(name), "virtfn%u", i);
		n += faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	}
	return n;
}

static void
read_function(int dir, const char *address, struct weft_pci_function *f)
{
	char group[32];

	*f = (struct weft_pci_function){ .index = -1 };
	snprintf(f->address, sizeof(f->address), "%.15s", address);
	sysfs_target(dir, "driver", f->driver, sizeof(f->driver));
	sysfs_target(dir, "physfn", f->parent, sizeof(f->parent));
	sysfs_target(dir, "iommu_group", group, sizeof(group));
	f->iommu_group = group[0] ? atoi(group) : -1;
	f->numa = (int)sysfs_number(dir, "numa_node", -1);
	f->total_vfs = (unsigned int)sysfs_number(dir, "sriov_totalvfs", 0);
	f->vfs = count_vfs(dir, f->total_vfs);
	if (f->parent[0])
		f->index = index_of(dir, address);
	add_interface(dir, f);
}

int
weft_sriov_each(const char *sysfs, void (*fn)(void *arg, const struct weft_pci_function *function), void *arg)
{
	char path[PATH_MAX];
	struct dirent **entries;
	int n, found = 0;

	snprintf(path, sizeof(path), "%s/bus/pci/devices", sysfs);
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct weft_pci_function function;
		int dir;

		snprintf(path, sizeof(path), "%.3000s/bus/pci/devices/%s", sysfs, entries[i]->d_name);
		dir = entries[i]->d_name[0] == '.' ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir >= 0 && sysfs_number(dir, "class", 0) >> 16 == NETWORK_CLASS) {
			read_function(dir, entries[i]->d_name, &function);
			fn(arg, &function);
			found++;
		}
		if (dir >= 0)
			close(dir);
		free(entries[i]);
	}
	free(entries);
	return found;
}

// Reads the function at ADDRESS. False: there is none.
static bool
read_at(const char *sysfs, const char *address, struct weft_pci_function *f)
{
	char path[PATH_MAX];
	int dir;

	snprintf(path, sizeof(path), "%.3000s/bus/pci/devices/%s", sysfs, address);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return false;
	read_function(dir, address, f);
	close(dir);
	return true;
}

int
weft_sriov_pf(const char *sysfs, const char *name, struct weft_pci_function *pf, struct weft_error *err)
{
	char address[WEFT_PCI_ADDRESS], path[PATH_MAX];

	snprintf(address, sizeof(address), "%.15s", name);
	if (strchr(name, '/')) {
		address[0] = 0;
	} else if (strchr(name, ':') == NULL) {
		snprintf(path, sizeof(path), "%.3000s/class/net/%.64s/device", sysfs, name);
		sysfs_target(AT_FDCWD, path, address, sizeof(address));
	}
	if (address[0] == 0 || !read_at(sysfs, address, pf))
		return weft_fail(err, ENODEV, "there is no PF %.64s; see 'weftctl sriov list'", name);
	if (pf->parent[0])
		return weft_fail(
			err, EINVAL, "function %s is not a PF: it is VF %d of %s", address, pf->index, pf->parent);
	return 0;
}

int
weft_sriov_vf(const char *sysfs, const struct weft_pci_function *pf, unsigned int index, struct weft_pci_function *vf,
	struct weft_error *err)
{
	char address[WEFT_PCI_ADDRESS], path[PATH_MAX];

	snprintf(path, sizeof(path), "%.3000s/bus/pci/devices/%s/virtfn%u", sysfs, pf->address, index);
	sysfs_target(AT_FDCWD, path, address, sizeof(address));
	if (address[0] && read_at(sysfs, address, vf))
		return 0;
	if (pf->vfs == 0)
		return weft_fail(err, ENOENT, "PF %s has no VFs; run 'weftctl sriov create %s COUNT'", pf->address,
			pf->interface[0] ? pf->interface : pf->address);
	return weft_fail(err, ENOENT, "PF %s has the VFs 0 to %u, and not %u", pf->address, pf->vfs - 1, index);
}
