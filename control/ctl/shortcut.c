// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "shortcut.h"

#include <string.h>

#include "object.h"

// "eth0/3"
static void
set_vf(json_t *object, const char *argument)
{
	const char *slash = strrchr(argument, '/');

	object_set(object, "attach.type", json_string("vf"));
	object_set(object, "attach.pf", json_stringn(argument, slash ? (size_t)(slash - argument) : strlen(argument)));
	if (slash)
		object_set(object, "attach.index", object_typed(slash + 1));
}

static void
set_interface(json_t *object, const char *argument)
{
	object_set(object, "attach.type", json_string("eth"));
	object_set(object, "attach.device", json_sprintf("net_af_xdp_%s,iface=%s", argument, argument));
	object_set(object, "attach.share", json_true());
}

static void
set_remote(json_t *object, const char *argument)
{
	if (strncmp(argument, "group:", 6) == 0)
		object_set(object, "remote.group", json_string(argument + 6));
	else if (strncmp(argument, "network:", 8) == 0)
		object_set(object, "remote.network", json_string(argument + 8));
	else if (strcmp(argument, "any"))
		object_set(object, "remote.cidr", json_string(argument));
}

const struct shortcut shortcuts[] = {
	{ "network", "vlan", "VLAN", "vlan", "encap", "vlan", .help = "a VLAN on the uplinks" },
	{ "network", "vxlan", "VNI", "vni", "encap", "vxlan", .help = "VXLAN tunnels between the hosts" },
	{ "network", "geneve", "VNI", "vni", "encap", "geneve", .help = "Geneve tunnels between the hosts" },
	{ "port", "ip", "ADDRESS", "ips", .help = "an address or a prefix that it may use; repeat it for more" },
	{ "port", "group", "GROUP", "groups", .help = "a group that it is in; repeat it for more" },
	{ "port", "access", "VLAN", "vlan.access", .help = "the VLAN of its untagged frames" },
	{ "port", "trunk", "VLANS", "vlan.trunk", .help = "VLANs that it carries tagged, such as 10,20-29" },
	{ "port", "native", "VLAN", "vlan.native", .help = "with --trunk: the VLAN of untagged frames" },
	{ "port", "tpid", "TPID", "vlan.tpid", .help = "with --trunk: 802.1q or 802.1ad" },
	{ "port", "qinq", "VLAN", "vlan.qinq", .help = "the service VLAN around all of its frames" },
	{ "port", "path", "SOCKET", "attach.path", .help = "the socket of vhost-user" },
	{ "port", "server", NULL, NULL, "attach.mode", "server",
		.help = "weft listens on the socket, and QEMU connects" },
	{ "port", "queues", "N", "attach.queues", .help = "queue pairs that the guest may use" },
	{ "port", "device", "DEVICE", "attach.device", "attach.type", "eth", .help = "a PCI address or a DPDK device" },
	{ "port", "interface", "INTERFACE", .set = set_interface,
		.help = "an uplink that weft shares with the kernel (AF_XDP)" },
	{ "port", "vf", "PF/INDEX", .set = set_vf, .help = "a VF, such as eth0/3" },
	{ "port", "passthrough", NULL, NULL, "attach.use", "passthrough",
		.help = "with --vf: a VM drives the VF itself" },
	{ "port", "lenient", NULL, NULL, "attach.enforce", "lenient",
		.help = "with --passthrough: accept what the PF cannot enforce" },
	{ "port", "gateway", "VLAN", "attach.vlan", "attach.type", "gateway",
		.help = "a VLAN on the host's uplink becomes part of the network" },
	{ "port", "down", NULL, NULL, "state", "down", .help = "the port passes no packet" },
	{ "plan", "from-vm", "RATE", "from_vm.rate", .help = "what the VM may send, in bits per second: 500k, 2.5G" },
	{ "plan", "to-vm", "RATE", "to_vm.rate", .help = "what the VM may receive" },
	{ "plan", "burst-from-vm", "BYTES", "from_vm.burst", .help = "what it may send at once" },
	{ "plan", "burst-to-vm", "BYTES", "to_vm.burst", .help = "what it may receive at once" },
	{ "plan", "pps-from-vm", "N", "from_vm.pps", .help = "packets per second that it may send" },
	{ "plan", "pps-to-vm", "N", "to_vm.pps", .help = "packets per second that it may receive" },
	{ "rule", "remote", "REMOTE", .set = set_remote,
		.help = "the other end: any, a prefix, group:GROUP or network:NETWORK" },
	{ 0 },
};
