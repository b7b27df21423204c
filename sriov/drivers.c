// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The VF attributes that the kernel's drivers of PFs can set: by the ndo_set_vf_* functions of Linux 6.1,
// drivers/net/ethernet. For igb, tests/e2e/test_sriov.py sees the same.
#include <string.h>

#include "weft/sriov.h"

#define COMMON (WEFT_VF_CAN_VLAN | WEFT_VF_CAN_TRUST | WEFT_VF_CAN_MAX_RATE)

static const struct {
	const char *driver;
	int can;
	const char *polling; // NULL: vfio-pci
} drivers[] = {
	{ "igb", COMMON, NULL },
	{ "ixgbe", COMMON | WEFT_VF_CAN_LINK | WEFT_VF_CAN_PROMISCUOUS, NULL },
	{ "i40e", COMMON | WEFT_VF_CAN_LINK | WEFT_VF_CAN_PROMISCUOUS, NULL },
	{ "ice", COMMON | WEFT_VF_CAN_LINK | WEFT_VF_CAN_PROMISCUOUS | WEFT_VF_CAN_MIN_RATE | WEFT_VF_CAN_SERVICE_VLAN,
		NULL },
	{ "bnxt_en", COMMON | WEFT_VF_CAN_LINK | WEFT_VF_CAN_MIN_RATE, NULL },
	{ "qede", COMMON | WEFT_VF_CAN_LINK | WEFT_VF_CAN_PROMISCUOUS | WEFT_VF_CAN_MIN_RATE, NULL },
	// Its VFs keep the kernel's driver while DPDK polls them.
	{ "mlx5_core",
		COMMON | WEFT_VF_CAN_LINK | WEFT_VF_CAN_PROMISCUOUS | WEFT_VF_CAN_MIN_RATE | WEFT_VF_CAN_SERVICE_VLAN,
		"mlx5_core" },
};

int
weft_sriov_driver_can(const char *driver)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strcmp(drivers[i].driver, driver) == 0)
			return drivers[i].can;
	return -1;
}

const char *
weft_sriov_polling_driver(const char *driver)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (drivers[i].polling && strcmp(drivers[i].driver, driver) == 0)
			return drivers[i].polling;
	return "vfio-pci";
}
