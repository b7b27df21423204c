// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Which PFs and VFs there are (Documentation/ABI/testing/sysfs-bus-pci, sysfs-class-net).
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weft/sriov.h"

#define NETWORK_CLASS 0x02 // of the PCI specification's base classes

// The number in the file NAME of the folder DIR; NOTHING: it is not there.
static long
number_in(int dir, const char *name, long nothing)
{
	char text[32];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return nothing;
	text[len] = 0;
	return strtol(text, NULL, 0);
}

// The last part of what the link NAME leads to; "": there is none.
static void
target_of(int dir, const char *name, char *to, size_t size)
{
	char target[PATH_MAX];
	const char *last;
	ssize_t len = readlinkat(dir, name, target, sizeof(target) - 1);

	target[len < 0 ? 0 : len] = 0;
	last = strrchr(target, '/');
	snprintf(to, size, "%.*s", (int)size - 1, last ? last + 1 : target);
}

// The first interface of the function's, and whether it has a link.
static void
add_interface(int dir, struct weft_function *f)
{
	int fd = openat(dir, "net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *net = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char name[64];

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
	snprintf(name, sizeof(name), "net/%s/carrier", f->interface);
	f->link = f->interface[0] ? (int)number_in(dir, name, -1) : -1;
}

// Which of its PF's functions it is: the number in the name of the link that leads to it.
static int
index_of(int dir, const char *address)
{
	unsigned int n = (unsigned int)number_in(dir, "physfn/sriov_totalvfs", 0);
	char name[32], target[WEFT_PCI_ADDRESS];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "physfn/virtfn%u", i);
		target_of(dir, name, target, sizeof(target));
		if (strcmp(target, address) == 0)
			return (int)i;
	}
	return -1;
}

static void
read_function(int dir, const char *address, struct weft_function *f)
{
	char group[32];

	*f = (struct weft_function){ .index = -1 };
	snprintf(f->address, sizeof(f->address), "%.15s", address);
	target_of(dir, "driver", f->driver, sizeof(f->driver));
	target_of(dir, "physfn", f->parent, sizeof(f->parent));
	target_of(dir, "iommu_group", group, sizeof(group));
	f->iommu_group = group[0] ? atoi(group) : -1;
	f->numa = (int)number_in(dir, "numa_node", -1);
	f->vfs = (unsigned int)number_in(dir, "sriov_numvfs", 0);
	f->total_vfs = (unsigned int)number_in(dir, "sriov_totalvfs", 0);
	if (f->parent[0])
		f->index = index_of(dir, address);
	add_interface(dir, f);
}

int
weft_sriov_each(const char *sysfs, void (*fn)(void *arg, const struct weft_function *function), void *arg)
{
	char path[PATH_MAX];
	struct dirent **entries;
	int n, found = 0;

	snprintf(path, sizeof(path), "%s/bus/pci/devices", sysfs);
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct weft_function function;
		int dir;

		snprintf(path, sizeof(path), "%.3000s/bus/pci/devices/%s", sysfs, entries[i]->d_name);
		dir = entries[i]->d_name[0] == '.' ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir >= 0 && number_in(dir, "class", 0) >> 16 == NETWORK_CLASS) {
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
