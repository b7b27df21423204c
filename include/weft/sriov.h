// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The kernel's PCI functions in sysfs (Documentation/ABI/testing/sysfs-bus-pci): PFs and their VFs. SYSFS is "/sys", or a
// test's copy. Control thread.
#pragma once

#include <stdbool.h>

#include "weft/log.h"

#define WEFT_PCI_ADDRESS 16

// Checks a device argument that starts with a PCI address: the function exists, and its driver leaves it to DPDK. Other
// arguments pass. Returns 0, or -errno with ERR.
int weft_pci_check(const char *device, struct weft_error *err);

// Whether DPDK can use a function that the kernel's DRIVER has.
bool weft_pci_driver_usable(const char *driver);

// A network function: a PF or a VF.
struct weft_pci_function {
	char address[WEFT_PCI_ADDRESS]; // 0000:03:00.0
	char driver[32];		// the kernel's driver; empty: none
	char interface[32];		// the kernel's interface; empty: none
	char parent[WEFT_PCI_ADDRESS];	// the PF of a VF; empty: the function is a PF
	int index;			// of a VF, at its PF
	int iommu_group;		// -1: none
	int numa;			// the NUMA node; -1: not known
	int link;			// 1: up, 0: down, -1: not known
	unsigned int ifindex;		// of the interface; 0: none
	bool up;			// the interface is set up (IFF_UP)
	unsigned int speed;		// of the link in Mbit/s; 0: not known
	unsigned int mtu;		// of the interface
	unsigned int vfs, total_vfs;	// of a PF: how many VFs it has, and may have; 0: it has no SR-IOV
};

// Calls FN with each network controller below SYSFS, in the order of their addresses. Returns how many there are, or
// -errno.
int weft_sriov_each(const char *sysfs, void (*fn)(void *arg, const struct weft_pci_function *function), void *arg);

// Finds the PF that NAME names, by its PCI address or its interface. Returns 0, or -errno with ERR.
int weft_sriov_pf(const char *sysfs, const char *name, struct weft_pci_function *pf, struct weft_error *err);

// Finds the VF with INDEX of PF. Returns 0, or -ENOENT with ERR.
int weft_sriov_vf(const char *sysfs, const struct weft_pci_function *pf, unsigned int index,
	struct weft_pci_function *vf, struct weft_error *err);

// Creates N VFs of PF, which has none, without drivers. Returns 0; or -errno with ERR, and then there are none.
int weft_sriov_create(const char *sysfs, const struct weft_pci_function *pf, unsigned int n, struct weft_error *err);

// Whether a virtual machine or DPDK uses FUNCTION through vfio. Removing it would wait for that process.
bool weft_sriov_is_driven(const struct weft_pci_function *function);

// Removes all VFs of PF, of which none may be in use. Returns 0, or -errno with ERR.
int weft_sriov_destroy(const char *sysfs, const struct weft_pci_function *pf, struct weft_error *err);

// Binds FUNCTION to DRIVER, and keeps other drivers from it. Returns 0; or -errno with ERR, and then it is as before.
int weft_sriov_bind(
	const char *sysfs, const struct weft_pci_function *function, const char *driver, struct weft_error *err);

// Unbinds FUNCTION from its driver. PROBE: the kernel may bind it to a driver of its own.
void weft_sriov_release(const char *sysfs, const struct weft_pci_function *function, bool probe);

// How a PF's embedded switch works: it forwards by MAC and VLAN (legacy), or the kernel has a representor for each
// function (switchdev).
enum weft_eswitch { WEFT_ESWITCH_NONE, WEFT_ESWITCH_LEGACY, WEFT_ESWITCH_SWITCHDEV };

// The mode of the PF at ADDRESS; NONE: its driver does not report one. FD is a socket of NETLINK_GENERIC.
enum weft_eswitch weft_sriov_eswitch(int fd, const char *address);

// The attributes that a PF can enforce for its VFs: by the sources of the drivers (Linux 6.1), or for hardware that a
// test has seen, by the test.
enum weft_vf_can {
	WEFT_VF_CAN_VLAN = 1 << 0,	   // 802.1Q; all known drivers have MAC and spoof check too
	WEFT_VF_CAN_SERVICE_VLAN = 1 << 1, // 802.1ad
	WEFT_VF_CAN_LINK = 1 << 2,
	WEFT_VF_CAN_TRUST = 1 << 3,
	WEFT_VF_CAN_MAX_RATE = 1 << 4,
	WEFT_VF_CAN_MIN_RATE = 1 << 5,
	WEFT_VF_CAN_PROMISCUOUS = 1 << 6, // a trusted VF may receive frames for others
};

// A driver's capabilities; -1: the driver is not known, and what it accepts counts as enforced.
int weft_sriov_driver_can(const char *driver);

// The driver that a VF needs so that DPDK can poll it, if its PF has DRIVER.
const char *weft_sriov_polling_driver(const char *driver);
