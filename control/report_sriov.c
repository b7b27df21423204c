// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The host's network functions, and what keeps one from being polled.
#include "weft/sriov.h"

#include <stdlib.h>
#include <string.h>

#include "state.h"

// NULL: it can be polled.
static json_t *
obstacle(const struct weft_function *f)
{
	if (weft_pci_driver_usable(f->driver))
		return NULL;
	if (f->iommu_group < 0)
		return json_sprintf(
			"it is in no IOMMU group, which vfio-pci needs: start the kernel with intel_iommu=on "
			"(AMD: amd_iommu=on)");
	if (f->link == 1)
		return json_sprintf(
			"the kernel has it as %s, with a link; if the host does not need it, run "
			"'dpdk-devbind.py -b vfio-pci %s', or share it: 'weftctl port add up --interface %s'",
			f->interface, f->address, f->interface);
	return json_sprintf("run 'dpdk-devbind.py -b vfio-pci %s'", f->address);
}

static void
add_function(void *arg, const struct weft_function *f)
{
	json_t *why = obstacle(f);
	json_t *row = json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:b, s:o*}", "address", f->address, "driver", f->driver,
		"interface", f->interface, "iommu_group", f->iommu_group, "numa", f->numa, "link",
		f->link == 1   ? "up"
		: f->link == 0 ? "down"
			       : "unknown",
		"can_be_polled", why == NULL, "obstacle", why);

	if (f->parent[0]) {
		json_object_set_new(row, "pf", json_string(f->parent));
		json_object_set_new(row, "index", json_integer(f->index));
	} else {
		json_object_set_new(row, "vfs", json_integer(f->vfs));
		json_object_set_new(row, "total_vfs", json_integer(f->total_vfs));
	}
	json_array_append_new(arg, row);
}

json_t *
weft_report_functions(const json_t *params, struct weft_error *err)
{
	const char *sysfs = getenv("WEFT_SYSFS"); // of a test
	json_t *rows = json_array();
	int ret = weft_sriov_each(sysfs ? sysfs : "/sys", add_function, rows);

	(void)params;
	if (ret >= 0)
		return rows;
	json_decref(rows);
	weft_fail(err, -ret, "the PCI devices cannot be read: %s", strerror(-ret));
	return NULL;
}
