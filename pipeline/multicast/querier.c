// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Asks stations for the multicast groups that they want (RFC 3376, 4.1; RFC 3810, 5.1) if no router does:
// memberships that are not repeated expire.
#include "querier.h"

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "pipeline/base/bytes.h"
#include "pipeline/send/emit.h"
#include "pipeline/send/port.h"
#include "pipeline/tables/groups.h"
#include "weft/worker.h"

#define MAC	   UINT64_C(0x027765667401) // the same on all hosts, and not used by guests
#define ROBUSTNESS 2
#define ANSWER_DS  100 // tenths of a second
#define IGMP_LEN   12
#define MLD_LEN	   28
#define IPV4_LEN   24 // with an option
#define IPV6_LEN   48 // with a header of options

static uint8_t
interval(const struct weft_worker *worker)
{
	return (uint8_t)RTE_MIN(worker->groups->query_s, 127u);
}

static void
write_igmp(uint8_t *ip, uint8_t every_s)
{
	static const uint8_t header[IPV4_LEN] = { 0x46, 0xc0, 0, IPV4_LEN + IGMP_LEN, 0, 0, 0, 0, 1, IPPROTO_IGMP, 0, 0,
		0, 0, 0, 0, 224, 0, 0, 1, 0x94, 4, 0, 0 }; // with "router alert"
	uint8_t *igmp = ip + IPV4_LEN;
	uint16_t sum;

	memcpy(ip, header, sizeof(header));
	sum = (uint16_t)~rte_raw_cksum(ip, IPV4_LEN);
	memcpy(ip + 10, &sum, sizeof(sum));
	memset(igmp, 0, IGMP_LEN);
	igmp[0] = 0x11;
	igmp[1] = ANSWER_DS;
	igmp[8] = ROBUSTNESS;
	igmp[9] = every_s;
	sum = (uint16_t)~rte_raw_cksum(igmp, IGMP_LEN);
	memcpy(igmp + 2, &sum, sizeof(sum));
}

static void
write_mld(uint8_t *ip, uint8_t every_s)
{
	static const uint8_t header[IPV6_LEN] = { 0x60, 0, 0, 0, 0, 8 + MLD_LEN, IPPROTO_HOPOPTS, 1,
		// from this switch's link-local address, to all nodes
		0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x77, 0x65, 0xff, 0xfe, 0x66, 0x74, 1, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 1,
		// with "router alert"
		IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0 };
	uint8_t *mld = ip + IPV6_LEN;
	const rte_be32_t pseudo[] = { rte_cpu_to_be_32(MLD_LEN), rte_cpu_to_be_32(IPPROTO_ICMPV6) };
	uint32_t sum;

	memcpy(ip, header, sizeof(header));
	memset(mld, 0, MLD_LEN);
	mld[0] = 130;
	mld[4] = (uint8_t)(ANSWER_DS * 100 >> 8);
	mld[5] = (uint8_t)(ANSWER_DS * 100);
	mld[24] = ROBUSTNESS;
	mld[25] = every_s;
	sum = rte_raw_cksum(ip + 8, 32) + rte_raw_cksum(pseudo, sizeof(pseudo)) + rte_raw_cksum(mld, MLD_LEN);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	memcpy(mld + 2, &(uint16_t){ (uint16_t)~sum }, sizeof(uint16_t));
}

static void
send_query(struct weft_worker *worker, uint16_t slot, uint16_t domain, bool v6)
{
	const struct weft_lane lane = { .in = slot, .domain = domain, .l3_off = RTE_ETHER_HDR_LEN };
	struct rte_mbuf *m =
		weft_frame_new(worker, slot, RTE_ETHER_HDR_LEN + (v6 ? IPV6_LEN + MLD_LEN : IPV4_LEN + IGMP_LEN + 10));
	uint8_t *frame = m ? rte_pktmbuf_mtod(m, uint8_t *) : NULL;

	if (m == NULL)
		return;
	memset(frame, 0, m->data_len);
	write_mac(frame, v6 ? UINT64_C(0x333300000001) : UINT64_C(0x01005e000001));
	write_mac(frame + RTE_ETHER_ADDR_LEN, MAC);
	frame[12] = v6 ? RTE_ETHER_TYPE_IPV6 >> 8 : RTE_ETHER_TYPE_IPV4 >> 8;
	frame[13] = v6 ? RTE_ETHER_TYPE_IPV6 & 0xff : RTE_ETHER_TYPE_IPV4 & 0xff;
	if (v6)
		write_mld(frame + RTE_ETHER_HDR_LEN, interval(worker));
	else
		write_igmp(frame + RTE_ETHER_HDR_LEN, interval(worker));
	weft_emit_own(worker, &lane, slot, m);
}

static void
query_domain(struct weft_worker *worker, uint16_t slot, uint16_t id)
{
	const struct weft_domain *domain = weft_snapshot_domain(worker->snap, id);

	if (id == 0 || !domain->snooping || domain->n_ports < 2)
		return;
	for (unsigned int v6 = 0; v6 < 2; v6++)
		if (!weft_groups_has_router(worker, id, v6))
			send_query(worker, slot, id, v6);
}

void
weft_groups_query(struct weft_worker *worker, uint16_t slot)
{
	const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, slot);

	if (!weft_port_is_open(worker, port) || port->tagging == WEFT_TAG_UPLINK || port->tagging == WEFT_TAG_PEER)
		return;
	query_domain(worker, slot, port->native);
	for (unsigned int vid = 1; port->vid_domain && vid < 4096; vid++)
		if (port->vid_domain[vid] != port->native)
			query_domain(worker, slot, port->vid_domain[vid]);
}
