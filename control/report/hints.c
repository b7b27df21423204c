// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "hints.h"

#include <stdio.h>

#include "control/base/address.h"
#include "control/vf/assignment.h"
#include "control/state/state.h"

static json_t *
qemu(const struct weft_port *port, const char *id, const char *socket, const char *mac, unsigned int mtu)
{
	unsigned int queues = RTE_MAX(port->attach.queues, 1);
	char how[32], vectors[64] = "";

	snprintf(how, sizeof(how), "%s", port->attach.mode ? "reconnect-ms=100" : "server=on,wait=off");
	if (queues > 1)
		snprintf(vectors, sizeof(vectors), ",mq=on,vectors=%u", 2 * queues + 2);
	return json_pack("[o, o, o, o]",
		json_sprintf("-object memory-backend-memfd,id=mem0,size=1G,share=on -numa node,memdev=mem0"),
		json_sprintf("-chardev socket,id=chr-%s,path=%s,%s", id, socket, how),
		json_sprintf("-netdev vhost-user,id=net-%s,chardev=chr-%s,queues=%u", id, id, queues),
		json_sprintf("-device virtio-net-pci,netdev=net-%s%s%s,host_mtu=%u%s", id, mac[0] ? ",mac=" : "", mac,
			mtu, vectors));
}

static json_t *
libvirt(const struct weft_port *port, const char *socket, const char *mac, unsigned int mtu)
{
	char mac_line[64] = "", queues[64] = "";

	if (mac[0])
		snprintf(mac_line, sizeof(mac_line), "  <mac address='%s'/>\n", mac);
	if (port->attach.queues > 1)
		snprintf(queues, sizeof(queues), "  <driver queues='%u'/>\n", port->attach.queues);
	return json_sprintf("<interface type='vhostuser'>\n%s  <source type='unix' path='%s' mode='%s'%s\n"
			    "  <model type='virtio'/>\n%s  <mtu size='%u'/>\n</interface>",
		mac_line, socket, port->attach.mode ? "client" : "server",
		port->attach.mode ? "><reconnect enabled='yes' timeout='1'/></source>" : "/>", queues, mtu);
}

// The VF as a plain PCI device. libvirt would set up an <interface> by itself, and change what weft has set.
static json_t *
passed_through(const char *address)
{
	unsigned int domain, bus, slot, function;

	if (sscanf(address, "%4x:%2x:%2x.%1x", &domain, &bus, &slot, &function) != 4)
		return json_object();
	return json_pack("{s:[o], s:o}", "qemu", json_sprintf("-device vfio-pci,host=%s", address), "libvirt",
		json_sprintf(
			"<hostdev mode='subsystem' type='pci' managed='no'>\n  <source>\n    <address domain='0x%04x' "
			"bus='0x%02x' slot='0x%02x' function='0x%x'/>\n  </source>\n</hostdev>",
			domain, bus, slot, function));
}

json_t *
weft_report_hints(const struct weft_port *port)
{
	const struct weft_network *network = weft_model_port_network(weft_ctl.local.model, port);
	char socket[600], mac[WEFT_MAC_TEXT] = "", id[WEFT_PATH_SIZE];
	unsigned int mtu = network ? network->mtu : WEFT_MTU_DEFAULT;

	if (weft_port_is_passed_through(port))
		return passed_through(weft_assignment_address(port->o.path));
	if (port->attach.type != WEFT_ATTACH_VHOST_USER)
		return json_object();
	weft_port_socket(port, weft_ctl.config.vhost_dir, socket, sizeof(socket));
	if (port->mac)
		weft_mac_format(port->mac, mac);
	snprintf(id, sizeof(id), "%s", port->o.path);
	for (char *p = id; *p; p++)
		if (*p == '/' || *p == '.')
			*p = '-';
	return json_pack(
		"{s:o, s:o}", "qemu", qemu(port, id, socket, mac, mtu), "libvirt", libvirt(port, socket, mac, mtu));
}
