// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// PCI functions as the kernel shows them (Documentation/ABI/testing/sysfs-bus-pci). SYSFS is "/sys", or a test's own.
// Control thread.
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
	unsigned int ifindex;		// of the interface; 0: there is none
	bool up;			// the interface is switched on
	unsigned int speed;		// of the link in Mbit/s; 0: not known
	unsigned int mtu;		// of the interface
	unsigned int vfs, total_vfs;	// of a PF: that there are, and that there may be; 0: it has no SR-IOV
};

// Calls FN with each function below SYSFS that is an Ethernet or another network controller, in the order of their
// addresses. Returns how many there are, or -errno.
int weft_sriov_each(const char *sysfs, void (*fn)(void *arg, const struct weft_function *function), void *arg);

// The PF that NAME names, by its PCI address or its interface. Returns 0, or -errno with ERR.
int weft_sriov_pf(const char *sysfs, const char *name, struct weft_function *pf, struct weft_error *err);

// The VF with INDEX of PF. Returns 0, or -ENOENT with ERR.
int weft_sriov_vf(const char *sysfs, const struct weft_function *pf, unsigned int index, struct weft_function *vf,
	struct weft_error *err);

// Makes N VFs of PF, which has none, without drivers. Returns 0; or -errno with ERR, and then there are none.
int weft_sriov_create(const char *sysfs, const struct weft_function *pf, unsigned int n, struct weft_error *err);

// Whether somebody drives FUNCTION through vfio: a virtual machine, or DPDK. To take it away would wait for them.
bool weft_sriov_is_driven(const struct weft_function *function);

// Takes all VFs of PF away, of which none is driven. Returns 0, or -errno with ERR.
int weft_sriov_destroy(const char *sysfs, const struct weft_function *pf, struct weft_error *err);

// Gives FUNCTION to DRIVER and to no other. Returns 0; or -errno with ERR, and then it is as it was.
int
weft_sriov_bind(const char *sysfs, const struct weft_function *function, const char *driver, struct weft_error *err);

// Takes FUNCTION from its driver; PROBE: whatever driver of the kernel's wants it may have it.
void weft_sriov_release(const char *sysfs, const struct weft_function *function, bool probe);

// What a PF's switch does with its functions' frames: decides by MAC and VLAN (legacy), or has a port of the kernel's
// for each of them (switchdev).
enum weft_eswitch { WEFT_ESWITCH_NONE, WEFT_ESWITCH_LEGACY, WEFT_ESWITCH_SWITCHDEV };

// The mode of the PF at ADDRESS. FD is a socket of NETLINK_GENERIC. NONE: its driver does not say.
enum weft_eswitch weft_sriov_eswitch(int fd, const char *address);

// What a PF's driver can have its hardware enforce for VFs: as its source says (Linux 6.1), and for those that a test
// has seen, as the hardware does.
enum weft_vf_can {
	WEFT_VF_CAN_VLAN = 1 << 0,	   // 802.1Q; all that are known have MAC and spoof check too
	WEFT_VF_CAN_SERVICE_VLAN = 1 << 1, // 802.1ad
	WEFT_VF_CAN_LINK = 1 << 2,
	WEFT_VF_CAN_TRUST = 1 << 3,
	WEFT_VF_CAN_MAX_RATE = 1 << 4,
	WEFT_VF_CAN_MIN_RATE = 1 << 5,
	WEFT_VF_CAN_PROMISCUOUS = 1 << 6, // a trusted VF may receive what is for others
};

// A driver's capabilities, or -1: nothing is known of it, and what it takes is believed.
int weft_sriov_driver_can(const char *driver);

// The driver that a VF of a PF with DRIVER needs to be polled.
const char *weft_sriov_polling_driver(const char *driver);
