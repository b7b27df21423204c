// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A port on any Ethernet device of DPDK. Every worker has a queue of its own where the device has enough queues.
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <net/if.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "weft/tunnel.h"

#include "eth_burst.h"
#include "eth_port.h"
#include "eth_probe.h"
#include "eth_removal.h"
#include "hw_flow.h"
#include "offload.h"
#include "xdp.h"

#define RX_DESCRIPTORS 1024
#define TX_DESCRIPTORS 1024

static int
set_up_queues(struct weft_portio *io, struct weft_eth_port *eth)
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
configure(struct weft_portio *io, struct weft_eth_port *eth, const struct weft_attach *attach)
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

static void
eth_close(struct weft_portio *io)
{
	struct weft_eth_port *eth = io->priv;

	weft_eth_removal_close(io);
	if (eth->xdp)
		weft_xdp_free(eth->xdp);
	free(eth);
	io->priv = NULL;
}

static int
eth_open(struct weft_portio *io, const struct weft_attach *attach, struct weft_error *err)
{
	struct weft_eth_port *eth = calloc(1, sizeof(*eth));
	const char *what = "configure";
	struct rte_ether_addr mac;
	int ret;

	if (eth == NULL)
		return weft_fail(err, ENOMEM, "port %s: no memory", attach->name);
	snprintf(eth->device, sizeof(eth->device), "%s", attach->device);
	if ((ret = weft_eth_probe(eth, attach, err))) {
		if (eth->xdp)
			weft_xdp_free(eth->xdp);
		free(eth);
		return ret;
	}
	io->priv = eth;
	weft_eth_removal_watch(io);
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
			"port %s: device %s does not accept an MTU of %u, which the networks need, with room for tunnels: "
			"lower their \"mtu\"",
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
	eth->offload = weft_hw_flow_check(eth->id, eth->why);
	if (eth->offload == NULL)
		weft_offload_start();
	if (rte_eth_macaddr_get(eth->id, &mac) == 0)
		for (unsigned int i = 0; i < RTE_ETHER_ADDR_LEN; i++)
			io->mac = io->mac << 8 | mac.addr_bytes[i];
	atomic_store(&io->link, true);
	eth->connects = 1;
	return 0;
}

// Some of DPDK's drivers for the kernel's interfaces always say that there is a link, so the kernel is asked too.
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
	const struct weft_eth_port *eth = io->priv;
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
	const struct weft_eth_port *eth = io->priv;
	int ret = atomic_load(&eth->removed) ? -ENODEV
		  : eth->xdp		     ? weft_xdp_fits(eth->xdp, mtu)
					     : rte_eth_dev_set_mtu(eth->id, mtu);

	return ret == -ENOTSUP ? 0 : ret;
}

static int
eth_set_filter(struct weft_portio *io, const struct weft_uplink_filter *filter)
{
	const struct weft_eth_port *eth = io->priv;

	return eth->xdp ? weft_xdp_set(eth->xdp, filter) : 0;
}

static bool
eth_filter_counts(struct weft_portio *io, struct weft_uplink_filter_count counts[WEFT_UPLINK_FILTER_N_COUNTS])
{
	const struct weft_eth_port *eth = io->priv;

	if (eth->xdp)
		weft_xdp_counts(eth->xdp, counts);
	return eth->xdp != NULL;
}

const struct weft_io_ops weft_ethdev_ops = {
	.open = eth_open,
	.close = eth_close,
	.rx = weft_eth_rx,
	.tx = weft_eth_tx,
	.set_mtu = eth_set_mtu,
	.status = eth_status,
	.set_filter = eth_set_filter,
	.filter_counts = eth_filter_counts,
};
