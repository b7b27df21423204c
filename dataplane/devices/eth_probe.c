// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "eth_probe.h"

#include <net/if.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_vfio.h>

#include "weft/sriov.h"

#include "xdp.h"

// One thread at a time may change DPDK's list of devices.
static pthread_mutex_t devices = PTHREAD_MUTEX_INITIALIZER;

void
weft_eth_name(const char *device, char *name, size_t size)
{
	snprintf(name, size, "%.*s", (int)strcspn(device, ","), device);
}

// The interface stays with the kernel, and weft takes only what is for it: makes the XDP program for it, and the
// ARGUMENT with which the driver loads that.
static int
share(struct weft_eth_port *eth, const struct weft_attach *attach, char argument[64], struct weft_error *err)
{
	const char *iface = strstr(attach->device, ",iface=");
	char ifname[IF_NAMESIZE];

	if (strncmp(attach->device, "net_af_xdp", 10) || iface == NULL)
		return weft_fail(err, EINVAL, "port %s: to share an interface, name the device net_af_xdp0,iface=NAME",
			attach->name);
	snprintf(ifname, sizeof(ifname), "%.*s", (int)strcspn(iface + 7, ","), iface + 7);
	eth->xdp = weft_xdp_new(ifname, attach->mtu, argument, err);
	return eth->xdp ? 0 : -errno;
}

// A representor is one of several ports of a device: "0000:03:00.0,representor=vf0".
static bool
is_representor(const char *device)
{
	return strstr(device, ",representor=") != NULL;
}

static int
find_port(const char *device, uint16_t *id)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	struct rte_dev_iterator iterator;

	if (!is_representor(device)) {
		weft_eth_name(device, name, sizeof(name));
		return rte_eth_dev_get_port_by_name(name, id);
	}
	RTE_ETH_FOREACH_MATCHING_DEV(*id, device, &iterator)
	{
		rte_eth_iterator_cleanup(&iterator);
		return 0;
	}
	return -ENODEV;
}

int
weft_eth_probe(struct weft_eth_port *eth, const struct weft_attach *attach, struct weft_error *err)
{
	char name[RTE_ETH_NAME_MAX_LEN], device[sizeof(attach->device) + 64], argument[64] = "";
	int ret;

	weft_eth_name(attach->device, name, sizeof(name));
	// The device may have opened its representors with itself.
	if (is_representor(attach->device) && find_port(attach->device, &eth->id) == 0)
		return 0;
	if (!is_representor(attach->device) && find_port(attach->device, &eth->id) == 0)
		return weft_fail(
			err, EEXIST, "port %s: device %s is already in use by another port", attach->name, name);
	if ((ret = weft_pci_check(attach->device, err)))
		return ret;
	if (attach->shared && (ret = share(eth, attach, argument, err)))
		return ret;
	snprintf(device, sizeof(device), "%s%s%s", attach->device, argument[0] ? "," : "", argument);
	pthread_mutex_lock(&devices);
	ret = rte_dev_probe(device);
	pthread_mutex_unlock(&devices);
	if (ret && strchr(name, ':') && !rte_vfio_is_enabled("vfio"))
		return weft_fail(err, -ret,
			"port %s: DPDK cannot open device '%s': the kernel's vfio driver was not loaded when weftd started; "
			"run 'modprobe vfio-pci', make sure that \"pci\" is not false in the configuration, and start weftd "
			"again",
			attach->name, attach->device);
	if (ret)
		return weft_fail(err, -ret,
			"port %s: DPDK cannot open device '%s': %s; "
			"name a PCI address or a virtual device such as net_tap0,iface=tap0 or "
			"net_af_packet0,iface=eth1",
			attach->name, attach->device, rte_strerror(-ret));
	if (find_port(attach->device, &eth->id))
		return weft_fail(err, ENODEV, "port %s: '%s' is not an Ethernet device", attach->name, attach->device);
	return 0;
}

// Whether DEVICE has no port any more.
static bool
is_unused(const struct rte_device *device)
{
	struct rte_eth_dev_info info;
	uint16_t id;

	RTE_ETH_FOREACH_DEV(id)
	if (rte_eth_dev_info_get(id, &info) == 0 && info.device == device)
		return false;
	return true;
}

void
weft_eth_remove(struct weft_eth_port *eth)
{
	struct rte_eth_dev_info info = { 0 };

	pthread_mutex_lock(&devices);
	if (rte_eth_dev_info_get(eth->id, &info))
		info.device = NULL;
	rte_eth_dev_stop(eth->id);
	rte_eth_dev_close(eth->id);
	if (info.device && is_unused(info.device))
		rte_dev_remove(info.device);
	pthread_mutex_unlock(&devices);
}
