// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// PFs and VFs for people.
#include "print_sriov.h"

#include <stdio.h>
#include <string.h>

#include "result.h"

void
print_functions(const json_t *functions)
{
	size_t i;
	json_t *row;

	printf("%-14s %-10s %-12s %-8s %-6s %-10s %-24s %-20s %s\n", "ADDRESS", "DRIVER", "INTERFACE", "LINK", "IOMMU",
		"VFS", "PF", "PORT", "CAN BE POLLED");
	json_array_foreach (functions, i, row) {
		char vfs[32] = "", pf[64] = "";

		if (json_object_get(row, "pf"))
			snprintf(pf, sizeof(pf), "%s, VF %lld", text(row, "pf"), number(row, "index"));
		else if (number(row, "total_vfs"))
			snprintf(vfs, sizeof(vfs), "%lld of %lld", number(row, "vfs"), number(row, "total_vfs"));
		printf("%-14s %-10s %-12s %-8s %-6lld %-10s %-24s %-20s %s\n", text(row, "address"),
			text(row, "driver"), text(row, "interface"), text(row, "link"), number(row, "iommu_group"), vfs,
			pf, text(row, "port"), flag(row, "can_be_polled") ? "yes" : text(row, "obstacle"));
	}
}

// A boolean in words. "?": weft does not know it.
static const char *
on_or_off(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value ? json_is_true(value) ? "on" : "off" : "?";
}

void
print_pf(const json_t *pf)
{
	size_t i;
	json_t *row, *can;

	printf("PF %s: driver %s, interface %s, link %s, %lld Mbit/s, %lld of %lld VFs, %lld made by weft, switch %s\n",
		text(pf, "address"), text(pf, "driver"), text(pf, "interface"), text(pf, "link"),
		number(pf, "speed_mbit"), number(pf, "vfs"), number(pf, "total_vfs"), number(pf, "made_by_weft"),
		text(pf, "eswitch")[0] ? text(pf, "eswitch") : "mode not known");
	printf("can enforce:");
	json_array_foreach (json_object_get(pf, "can_enforce"), i, can)
		printf(" %s", json_string_value(can));
	puts(json_object_get(pf, "can_enforce") ? ""
						: " not known; weft takes it that the PF enforces what it accepts");
	printf("%-4s %-14s %-10s %-18s %-6s %-6s %-6s %-6s %-14s %12s %12s %s\n", "VF", "ADDRESS", "DRIVER", "MAC",
		"VLAN", "SPOOF", "TRUST", "LINK", "MBIT/S", "RX PACKETS", "TX PACKETS", "PORT");
	json_array_foreach (json_object_get(pf, "functions"), i, row) {
		const json_t *stats = json_object_get(row, "stats");
		char rate[32];

		snprintf(rate, sizeof(rate), "%lld-%lld", number(row, "min_rate_mbit"), number(row, "max_rate_mbit"));
		printf("%-4lld %-14s %-10s %-18s %-6lld %-6s %-6s %-6s %-14s %12lld %12lld %s\n", number(row, "index"),
			text(row, "address"), text(row, "driver"), text(row, "mac"), number(row, "vlan"),
			on_or_off(row, "spoof_check"), on_or_off(row, "trust"), text(row, "link_state"),
			number(row, "max_rate_mbit") || number(row, "min_rate_mbit") ? rate : "any",
			number(stats, "rx_packets"), number(stats, "tx_packets"), text(row, "port"));
	}
}

void
print_vf(const json_t *vf)
{
	static const char *const order[] = { "nobody", "hardware", "software" };
	const json_t *rows = json_object_get(vf, "enforced");
	size_t i;
	json_t *row;

	printf("  VF %lld of %s (%s), %s, %s, repaired %lld time(s)\n", number(vf, "index"), text(vf, "pf"),
		text(vf, "driver"), text(vf, "address"), text(vf, "use"), number(vf, "repaired"));
	if (text(vf, "error")[0])
		printf("  error: %s\n", text(vf, "error"));
	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		json_array_foreach (rows, i, row)
			if (strcmp(text(row, "by"), order[k]) == 0)
				printf("  %-8s enforces %s.%s: %s\n", text(row, "by"), text(row, "object"),
					text(row, "field"), text(row, "how"));
}
