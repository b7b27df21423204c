// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "pf.h"

#include <libmnl/libmnl.h>
#include <string.h>

#include "control/base/address.h"
#include "control/vf/enforcement.h"
#include "control/vf/provision.h"

// Why the function F cannot be polled, with what to do; NULL if it can.
static json_t *
obstacle(const struct weft_pci_function *f)
{
	if (weft_pci_driver_usable(f->driver))
		return NULL;
	if (f->iommu_group < 0)
		return json_sprintf(
			"it is in no IOMMU group, and vfio-pci needs one; start the kernel with intel_iommu=on "
			"(AMD: amd_iommu=on)");
	// weft binds a VF to the driver that it needs when a port gets it.
	if (f->parent[0])
		return NULL;
	if (f->link == 1)
		return json_sprintf(
			"the kernel uses it as %s, and its link is up; if the host does not need it, run "
			"'dpdk-devbind.py -b vfio-pci %s'; to share it with the host, run 'weftctl port add up "
			"--interface %s'",
			f->interface, f->address, f->interface);
	return json_sprintf("run 'dpdk-devbind.py -b vfio-pci %s'", f->address);
}

// Returns the names of the attributes that DRIVER, a PF's, has the hardware enforce for VFs, a new array. NULL: nothing
// is known of the driver.
static json_t *
can_json(const char *driver)
{
	static const struct {
		int can;
		const char *name;
	} names[] = { { WEFT_VF_CAN_VLAN, "vlan" }, { WEFT_VF_CAN_SERVICE_VLAN, "service_vlan" },
		{ WEFT_VF_CAN_LINK, "link" }, { WEFT_VF_CAN_TRUST, "trust" }, { WEFT_VF_CAN_MAX_RATE, "max_rate" },
		{ WEFT_VF_CAN_MIN_RATE, "min_rate" }, { WEFT_VF_CAN_PROMISCUOUS, "promiscuous" } };
	int can = weft_sriov_driver_can(driver);
	json_t *list = can < 0 ? NULL : json_pack("[s, s]", "mac", "spoof_check");

	for (size_t i = 0; list && i < sizeof(names) / sizeof(names[0]); i++)
		if (can & names[i].can)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

static const char *
eswitch(const char *address)
{
	static const char *const names[] = { "", "legacy", "switchdev" };
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	enum weft_eswitch mode = WEFT_ESWITCH_NONE;

	if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0)
		mode = weft_sriov_eswitch(mnl_socket_get_fd(socket), address);
	if (socket)
		mnl_socket_close(socket);
	return names[mode];
}

static json_t *
function_json(const struct weft_pci_function *f)
{
	json_t *why = obstacle(f);
	const char *port = weft_assignment_user(f->address);
	json_t *row = json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:b, s:o*, s:s*}", "address", f->address, "driver",
		f->driver, "interface", f->interface, "iommu_group", f->iommu_group, "numa", f->numa, "link",
		f->link == 1   ? "up"
		: f->link == 0 ? "down"
			       : "unknown",
		"can_be_polled", why == NULL, "obstacle", why, "port", port);

	if (f->parent[0]) {
		json_object_set_new(row, "pf", json_string(f->parent));
		json_object_set_new(row, "index", json_integer(f->index));
		return row;
	}
	json_object_set_new(row, "vfs", json_integer(f->vfs));
	json_object_set_new(row, "total_vfs", json_integer(f->total_vfs));
	json_object_set_new(row, "made_by_weft", json_integer(weft_provision_count(f->address)));
	json_object_set_new(row, "speed_mbit", json_integer(f->speed));
	if (f->total_vfs) {
		json_object_set_new(row, "eswitch", json_string(eswitch(f->address)));
		json_object_set_new(row, "can_enforce", can_json(f->driver));
	}
	return row;
}

static void
add_function(void *arg, const struct weft_pci_function *f)
{
	json_array_append_new(arg, function_json(f));
}

json_t *
weft_report_functions(const json_t *params, struct weft_error *err)
{
	json_t *rows = json_array();
	int ret = weft_sriov_each(weft_sysfs(), add_function, rows);

	(void)params;
	if (ret >= 0)
		return rows;
	json_decref(rows);
	weft_fail(err, -ret, "cannot read the PCI devices in %s: %s", weft_sysfs(), strerror(-ret));
	return NULL;
}

static json_t *
attributes_json(const struct weft_vf *vf)
{
	static const char *const links[] = { "auto", "on", "off" };
	json_t *json = json_object();
	char mac[WEFT_MAC_TEXT] = "";

	if (vf->mac)
		weft_mac_format(vf->mac, mac);
	if (vf->known & 1 << WEFT_VF_MAC)
		json_object_set_new(json, "mac", json_string(mac));
	if (vf->known & 1 << WEFT_VF_VLAN) {
		json_object_set_new(json, "vlan", json_integer(vf->vlan));
		json_object_set_new(
			json, "vlan_protocol", json_string(vf->tpid == WEFT_VF_8021AD ? "802.1ad" : "802.1q"));
	}
	if (vf->known & 1 << WEFT_VF_SPOOF_CHECK)
		json_object_set_new(json, "spoof_check", json_boolean(vf->spoof_check));
	if (vf->known & 1 << WEFT_VF_TRUST)
		json_object_set_new(json, "trust", json_boolean(vf->trust));
	if (vf->known & 1 << WEFT_VF_LINK)
		json_object_set_new(json, "link_state", json_string(links[vf->link]));
	if (vf->known & 1 << WEFT_VF_RATE) {
		json_object_set_new(json, "min_rate_mbit", json_integer(vf->min_rate));
		json_object_set_new(json, "max_rate_mbit", json_integer(vf->max_rate));
	}
	if (vf->has_stats)
		json_object_set_new(json, "stats",
			json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rx_packets",
				(json_int_t)vf->stats.rx_packets, "rx_bytes", (json_int_t)vf->stats.rx_bytes,
				"tx_packets", (json_int_t)vf->stats.tx_packets, "tx_bytes",
				(json_int_t)vf->stats.tx_bytes, "broadcast", (json_int_t)vf->stats.broadcast,
				"multicast", (json_int_t)vf->stats.multicast, "rx_dropped",
				(json_int_t)vf->stats.rx_dropped, "tx_dropped", (json_int_t)vf->stats.tx_dropped));
	return json;
}

struct listing {
	const struct weft_pci_function *pf;
	json_t *rows;
};

static void
add_vf(void *arg, const struct weft_vf *vf)
{
	const struct listing *listing = arg;
	struct weft_pci_function function;
	struct weft_error err;
	json_t *row;

	if (weft_sriov_vf(weft_sysfs(), listing->pf, vf->index, &function, &err))
		return;
	row = function_json(&function);
	json_object_update_missing(row, attributes_json(vf));
	json_array_append_new(listing->rows, row);
}

json_t *
weft_report_function(const json_t *params, struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "pf"));
	struct weft_pci_function pf;
	struct listing listing = { .pf = &pf };
	json_t *row;

	if (name == NULL) {
		weft_fail(err, EINVAL, "params.pf: missing; give an interface or a PCI address");
		return NULL;
	}
	if (weft_sriov_pf(weft_sysfs(), name, &pf, err))
		return NULL;
	row = function_json(&pf);
	listing.rows = json_array();
	if (pf.ifindex)
		weft_vf_each(weft_enforcement_socket(), pf.ifindex, true, add_vf, &listing);
	json_object_set_new(row, "functions", listing.rows);
	return row;
}
