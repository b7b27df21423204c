// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// PCI functions as the kernel shows them.
#pragma once

#include "weft/log.h"

// Checks a device argument that starts with a PCI address: that the function exists, and that its driver
// lets DPDK have it. Other arguments pass. SYSFS is read, nothing is changed. Returns 0, or -errno with ERR.
int weft_pci_check(const char *device, struct weft_error *err);
