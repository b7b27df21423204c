// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "eth_burst.h"

#include <rte_ethdev.h>

#include "eth_port.h"

uint16_t
weft_eth_rx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	const struct weft_eth_port *eth = io->priv;
	uint16_t most = weft_frames_within(n, *bytes), got, kept = 0;

	if (unlikely(atomic_load_explicit(&eth->removed, memory_order_relaxed)))
		return 0;
	got = rte_eth_rx_burst(eth->id, io->each_worker ? worker : 0, pkts, most);
	// The pipeline reads VLAN tags in the frame: one that the kernel or the NIC has removed is put back.
	for (uint16_t i = 0; i < got; i++) {
		*bytes -= pkts[i]->pkt_len;
		if (unlikely(pkts[i]->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) && rte_vlan_insert(&pkts[i]) != 0)
			rte_pktmbuf_free(pkts[i]);
		else
			pkts[kept++] = pkts[i];
	}
	return kept;
}

uint16_t
weft_eth_tx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n)
{
	const struct weft_eth_port *eth = io->priv;

	if (unlikely(atomic_load_explicit(&eth->removed, memory_order_relaxed)))
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		pkts[i]->ol_flags = 0;
		if (unlikely(eth->single_segment && pkts[i]->nb_segs > 1) && rte_pktmbuf_linearize(pkts[i]))
			n = i;
	}
	return n ? rte_eth_tx_burst(eth->id, io->each_worker ? worker : 0, pkts, n) : 0;
}
