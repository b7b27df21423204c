// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A port on any DPDK ethernet device: a queue for every worker where the device has enough.
#include <net/if.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_vfio.h>

#include "dataplane/core/core.h"
#include "flow.h"
#include "xdp.h"
#include "weft/sriov.h"
#include "weft/tunnel.h"

#define RX_DESCRIPTORS 1024
#define TX_DESCRIPTORS 1024

// DPDK's list of devices is changed by one thread at a time.
static pthread_mutex_t devices = PTHREAD_MUTEX_INITIALIZER;

struct eth_port {
	uint16_t id; // ethdev's
	uint16_t n_queues;
	bool single_segment;  // the device takes no chained mbufs
	unsigned int ifindex; // of the kernel's interface that it is on; 0: it is on none
	uint64_t connects;
	char device[256];
	struct weft_xdp *xdp; // of an interface that the kernel keeps
	_Atomic bool removed; // it is being taken away, and is nobody's to use any more
	bool closing;	      // UNDERTAKER closes it
	pthread_t undertaker;
	uint16_t eswitch;    // that it is a port of, where that takes flows; else WEFT_NO_DEVICE
	const char *offload; // why it takes none
	char why[96];
};

static uint16_t
eth_rx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	const struct eth_port *eth = io->priv;
	uint16_t most = weft_frames_within(n, *bytes), got, kept = 0;

	if (unlikely(atomic_load_explicit(&eth->removed, memory_order_relaxed)))
		return 0;
	got = rte_eth_rx_burst(eth->id, io->each_worker ? worker : 0, pkts, most);
	// A tag that the kernel or the NIC took out goes back in: the pipeline reads tags in the frame.
	for (uint16_t i = 0; i < got; i++) {
		*bytes -= pkts[i]->pkt_len;
		if (unlikely(pkts[i]->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) && rte_vlan_insert(&pkts[i]) != 0)
			rte_pktmbuf_free(pkts[i]);
		else
			pkts[kept++] = pkts[i];
	}
	return kept;
}

static uint16_t
eth_tx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n)
{
	const struct eth_port *eth = io->priv;

	if (unlikely(atomic_load_explicit(&eth->removed, memory_order_relaxed)))
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		pkts[i]->ol_flags = 0;
		if (unlikely(eth->single_segment && pkts[i]->nb_segs > 1) && rte_pktmbuf_linearize(pkts[i]))
			n = i;
	}
	return n ? rte_eth_tx_burst(eth->id, io->each_worker ? worker : 0, pkts, n) : 0;
}

// The device's name in "name,arg=value".
static void
device_name(const char *device, char *name, size_t size)
{
	snprintf(name, size, "%.*s", (int)strcspn(device, ","), device);
}

// The kernel keeps the interface, and weft takes what is for it.
static int
share(struct eth_port *eth, const struct weft_attach *attach, char argument[64], struct weft_error *err)
{
	const char *iface = strstr(attach->device, ",iface=");
	char ifname[IF_NAMESIZE];

	if (strncmp(attach->device, "net_af_xdp", 10) || iface == NULL)
		return weft_fail(err, EINVAL, "port %s: to share an interface the device is net_af_xdp0,iface=NAME",
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
		device_name(device, name, sizeof(name));
		return rte_eth_dev_get_port_by_name(name, id);
	}
	RTE_ETH_FOREACH_MATCHING_DEV(*id, device, &iterator)
	{
		rte_eth_iterator_cleanup(&iterator);
		return 0;
	}
	return -ENODEV;
}

static int
probe(struct eth_port *eth, const struct weft_attach *attach, struct weft_error *err)
{
	char name[RTE_ETH_NAME_MAX_LEN], device[sizeof(attach->device) + 64], argument[64] = "";
	int ret;

	device_name(attach->device, name, sizeof(name));
	// Whoever has opened the device may have opened its representors with it.
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
			"port %s: DPDK cannot open device '%s': vfio was not there when weftd started; run 'modprobe "
			"vfio-pci', start weftd again, and see that \"pci\" is not false in its configuration",
			attach->name, attach->device);
	if (ret)
		return weft_fail(err, -ret,
			"port %s: DPDK cannot open device '%s': %s; "
			"name a PCI address or a virtual device such as net_tap0,iface=tap0 or "
			"net_af_packet0,iface=eth1",
			attach->name, attach->device, rte_strerror(-ret));
	if (find_port(attach->device, &eth->id))
		return weft_fail(err, ENODEV, "port %s: '%s' is no Ethernet device", attach->name, attach->device);
	return 0;
}

static int
set_up_queues(struct weft_portio *io, struct eth_port *eth)
{
	uint16_t n_rxd = RX_DESCRIPTORS, n_txd = TX_DESCRIPTORS;
	int ret = rte_eth_dev_adjust_nb_rx_tx_desc(eth->id, &n_rxd, &n_txd);

	for (uint16_t q = 0; ret == 0 && q < eth->n_queues; q++) {
		ret = rte_eth_rx_queue_setup(eth->id, q, n_rxd, SOCKET_ID_ANY, NULL, io->pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(eth->id, q, n_txd, SOCKET_ID_ANY, NULL);
	}
	return ret;
}

static int
configure(struct weft_portio *io, struct eth_port *eth, const struct weft_attach *attach)
{
	struct rte_eth_conf conf = { 0 };
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(eth->id, &info);

	if (ret)
		return ret;
	eth->ifindex = info.if_index;
	eth->eswitch = info.switch_info.domain_id;
	eth->n_queues = 1;
	if (!attach->single && RTE_MIN(info.max_rx_queues, info.max_tx_queues) >= io->n_workers)
		eth->n_queues = io->n_workers;
	if (attach->mtu + RTE_ETHER_HDR_LEN + 8u + RTE_PKTMBUF_HEADROOM > rte_pktmbuf_data_room_size(io->pool))
		conf.rxmode.offloads |= info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	conf.txmode.offloads |= info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	eth->single_segment = !conf.txmode.offloads;
	if (eth->n_queues > 1 && info.flow_type_rss_offloads) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf =
			info.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
	}
	ret = rte_eth_dev_configure(eth->id, eth->n_queues, eth->n_queues, &conf);
	if (ret && eth->n_queues > 1) {
		eth->n_queues = 1;
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE;
		ret = rte_eth_dev_configure(eth->id, 1, 1, &conf);
	}
	io->each_worker = ret == 0 && eth->n_queues > 1;
	return ret;
}

// Whether no port of the device is left.
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

static void
close_device(struct eth_port *eth)
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

// A thread of its own closes what is being taken away, once no worker is in it. The control thread may be waiting for
// whoever takes it away: the kernel holds locks meanwhile that a question about any interface needs.
static void *
bury(void *arg)
{
	struct weft_portio *io = arg;

	io->quiesce();
	close_device(io->priv);
	return NULL;
}

static void
begin_removal(struct weft_portio *io)
{
	struct eth_port *eth = io->priv;

	if (!atomic_exchange(&eth->removed, true))
		eth->closing = pthread_create(&eth->undertaker, NULL, bury, io) == 0;
}

// On EAL's interrupt thread, both.
static void
on_device(const char *name, enum rte_dev_event_type event, void *arg)
{
	(void)name;
	if (event == RTE_DEV_EVENT_REMOVE)
		begin_removal(arg);
}

static int
on_port(uint16_t id, enum rte_eth_event_type event, void *arg, void *more)
{
	(void)id, (void)event, (void)more;
	begin_removal(arg);
	return 0;
}

static void
watch_removal(struct weft_portio *io)
{
	struct eth_port *eth = io->priv;
	char name[RTE_ETH_NAME_MAX_LEN];

	device_name(eth->device, name, sizeof(name));
	rte_dev_event_callback_register(name, on_device, io);
	rte_eth_dev_callback_register(eth->id, RTE_ETH_EVENT_INTR_RMV, on_port, io);
}

static void
unwatch_removal(struct weft_portio *io)
{
	struct eth_port *eth = io->priv;
	char name[RTE_ETH_NAME_MAX_LEN];

	device_name(eth->device, name, sizeof(name));
	// It may be called at this moment.
	while (rte_dev_event_callback_unregister(name, on_device, io) == -EAGAIN)
		rte_pause();
	while (rte_eth_dev_callback_unregister(eth->id, RTE_ETH_EVENT_INTR_RMV, on_port, io) == -EAGAIN)
		rte_pause();
}

static void
eth_close(struct weft_portio *io)
{
	struct eth_port *eth = io->priv;

	unwatch_removal(io);
	if (eth->closing)
		pthread_join(eth->undertaker, NULL);
	else
		close_device(eth);
	if (eth->xdp)
		weft_xdp_free(eth->xdp);
	free(eth);
	io->priv = NULL;
}

static int
eth_open(struct weft_portio *io, const struct weft_attach *attach, struct weft_error *err)
{
	struct eth_port *eth = calloc(1, sizeof(*eth));
	const char *what = "configure";
	struct rte_ether_addr mac;
	int ret;

	if (eth == NULL)
		return weft_fail(err, ENOMEM, "port %s: no memory", attach->name);
	snprintf(eth->device, sizeof(eth->device), "%s", attach->device);
	if ((ret = probe(eth, attach, err))) {
		if (eth->xdp)
			weft_xdp_free(eth->xdp);
		free(eth);
		return ret;
	}
	io->priv = eth;
	watch_removal(io);
	ret = configure(io, eth, attach);
	if (ret == 0 && (what = "set up the queues of"))
		ret = set_up_queues(io, eth);
	if (ret == 0 && eth->xdp == NULL && (what = "set the MTU of"))
		ret = rte_eth_dev_set_mtu(eth->id, attach->mtu);
	if (ret == -ENOTSUP)
		ret = 0;
	if (ret == 0 && (what = "start"))
		ret = rte_eth_dev_start(eth->id);
	if (ret && strcmp(what, "set the MTU of") == 0) {
		eth_close(io);
		return weft_fail(err, -ret,
			"port %s: device %s does not take an MTU of %u, which is what the networks need, with room for "
			"tunnels: lower their \"mtu\"",
			attach->name, attach->device, attach->mtu);
	}
	if (ret) {
		eth_close(io);
		return weft_fail(err, -ret, "port %s: cannot %s device %s: %s", attach->name, what, attach->device,
			rte_strerror(-ret));
	}
	if (eth->xdp && (ret = weft_xdp_begin(eth->xdp, err))) {
		eth_close(io);
		return ret;
	}
	rte_eth_promiscuous_enable(eth->id);
	eth->offload = dp_flow_try(eth->id, eth->why);
	if (eth->offload == NULL)
		dp_offload_begin();
	if (rte_eth_macaddr_get(eth->id, &mac) == 0)
		for (unsigned int i = 0; i < RTE_ETHER_ADDR_LEN; i++)
			io->mac = io->mac << 8 | mac.addr_bytes[i];
	atomic_store(&io->link, true);
	eth->connects = 1;
	return 0;
}

// Some drivers of the kernel's interfaces say always that there is a link.
static bool
kernel_has_link(unsigned int ifindex)
{
	struct ifreq ifr = { .ifr_ifindex = (int)ifindex };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool link = fd >= 0 && ioctl(fd, SIOCGIFNAME, &ifr) == 0 && ioctl(fd, SIOCGIFFLAGS, &ifr) == 0 &&
		    (ifr.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);

	if (fd >= 0)
		close(fd);
	return link;
}

static void
eth_status(struct weft_portio *io, struct weft_io_status *status)
{
	const struct eth_port *eth = io->priv;
	struct rte_eth_link link = { 0 };

	status->removed = atomic_load(&eth->removed);
	if (status->removed) {
		atomic_store(&io->link, false);
		return;
	}
	if (rte_eth_link_get_nowait(eth->id, &link) || (eth->ifindex && !kernel_has_link(eth->ifindex)))
		link.link_status = RTE_ETH_LINK_DOWN;
	status->ifindex = eth->ifindex;
	status->device = eth->id;
	status->eswitch = eth->offload ? WEFT_NO_DEVICE : eth->eswitch;
	status->offload = eth->offload;
	atomic_store(&io->link, link.link_status != 0);
	status->link = link.link_status;
	status->queues = eth->n_queues;
	status->connects = eth->connects;
}

static int
eth_set_mtu(struct weft_portio *io, uint16_t mtu)
{
	const struct eth_port *eth = io->priv;
	int ret = atomic_load(&eth->removed) ? -ENODEV
		  : eth->xdp		     ? weft_xdp_fits(eth->xdp, mtu)
					     : rte_eth_dev_set_mtu(eth->id, mtu);

	return ret == -ENOTSUP ? 0 : ret;
}

static int
eth_set_wire(struct weft_portio *io, const struct weft_wire *wire)
{
	const struct eth_port *eth = io->priv;

	return eth->xdp ? weft_xdp_set(eth->xdp, wire) : 0;
}

static bool
eth_wire_counts(struct weft_portio *io, struct weft_wire_count counts[WEFT_WIRE_N_COUNTS])
{
	const struct eth_port *eth = io->priv;

	if (eth->xdp)
		weft_xdp_counts(eth->xdp, counts);
	return eth->xdp != NULL;
}

const struct weft_io_ops weft_ethdev_ops = {
	.open = eth_open,
	.close = eth_close,
	.rx = eth_rx,
	.tx = eth_tx,
	.set_mtu = eth_set_mtu,
	.status = eth_status,
	.set_wire = eth_set_wire,
	.wire_counts = eth_wire_counts,
};
