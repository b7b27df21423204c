// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// PCI functions as the kernel shows them. SYSFS is read, nothing is changed. Control thread.
#pragma once

#include <stdbool.h>

#include "weft/log.h"

#define WEFT_PCI_ADDRESS 16

// Checks a device argument that starts with a PCI address: that the function exists, and that its driver
// lets DPDK have it. Other arguments pass. Returns 0, or -errno with ERR.
int weft_pci_check(const char *device, struct weft_error *err);

// Whether DPDK can drive what this driver of the kernel's has.
bool weft_pci_driver_usable(const char *driver);

// A function that carries packets.
struct weft_function {
	char address[WEFT_PCI_ADDRESS]; // 0000:03:00.0
	char driver[32];		// of the kernel's; empty: none
	char interface[32];		// of the kernel's; empty: none
	char parent[WEFT_PCI_ADDRESS];	// of a VF: its PF; empty: it is a PF
	int index;			// of a VF, in its PF
	int iommu_group;		// -1: there is no IOMMU for it
	int numa;			// its node; -1: not said
	int link;			// 1: up, 0: down, -1: the kernel does not know
	unsigned int vfs, total_vfs;	// of a PF: that there are, and that there may be; 0: it has no SR-IOV
};

// Calls FN with each function below SYSFS (/sys) that is an Ethernet or another network controller, in the order of
// their addresses. Returns how many there are, or -errno.
int weft_sriov_each(const char *sysfs, void (*fn)(void *arg, const struct weft_function *function), void *arg);
