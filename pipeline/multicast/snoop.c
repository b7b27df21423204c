// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reads the IGMP (RFC 2236, RFC 3376) and MLD (RFC 2710, RFC 3810) messages that pass, and decides by them which
// ports get a multicast (RFC 4541).
#include "snoop.h"

#include <netinet/in.h>

#include <rte_ip.h>

#include "pipeline/base/bytes.h"
#include "pipeline/tables/groups.h"
#include "weft/worker.h"

#define GROUP_BIT (UINT64_C(1) << 40)
#define MAC_MASK  UINT64_C(0xffffffffffff)

// IGMP's types, and MLD's.
enum { IGMP_QUERY = 0x11, IGMP_REPORT_1 = 0x12, IGMP_REPORT_2 = 0x16, IGMP_LEAVE = 0x17, IGMP_REPORT_3 = 0x22 };
enum { MLD_QUERY = 130, MLD_REPORT_1 = 131, MLD_DONE = 132, MLD_REPORT_2 = 143 };

// Types of records (RFC 3376, 4.2.12).
enum { IS_INCLUDE = 1, IS_EXCLUDE, TO_INCLUDE, TO_EXCLUDE, ALLOW, BLOCK };

#define RECORDS_MOST 64

// Groups that routers do not forward: their packets are always flooded.
static bool
is_local(uint32_t number)
{
	return number >> 8 == 0xe00000;
}

static bool
is_local6(const uint8_t *address)
{
	return (address[1] & 0xf) <= 2;
}

// Reads the group of an address. False: it is no multicast address, or its packets are always flooded.
static bool
group_of(const uint8_t *address, struct group *group)
{
	if (group->v6 ? address[0] != 0xff || is_local6(address) : address[0] >> 4 != 0xe || is_local(be32(address)))
		return false;
	group->number = be32(address + (group->v6 ? 12 : 0));
	return true;
}

// A membership message: LEN contiguous bytes at P.
struct message {
	const uint8_t *p;
	uint32_t len;
	bool v6;
};

static bool
is_message(const struct weft_lane *lane, const struct rte_mbuf *m, struct message *message)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *p = frame + lane->l4_off;
	bool igmp = lane->flags & WEFT_LANE_IPV4 && lane->proto == IPPROTO_IGMP;

	if (lane->flags & WEFT_LANE_FRAGMENT || lane->l4_len < 8 || lane->l4_off + lane->l4_len > m->data_len)
		return false;
	*message = (struct message){ .p = p, .len = lane->l4_len, .v6 = !igmp };
	if (igmp)
		return rte_raw_cksum(p, lane->l4_len) == 0xffff;
	// A hop limit of 1 proves that it comes from this link.
	return lane->flags & WEFT_LANE_IPV6 && lane->proto == IPPROTO_ICMPV6 && lane->l4_len >= 8 &&
	       frame[lane->l3_off + 7] == 1 &&
	       (p[0] == MLD_QUERY || p[0] == MLD_REPORT_1 || p[0] == MLD_DONE || p[0] == MLD_REPORT_2);
}

// A port leaves at once if it has a single station; else other stations may still want the group.
static void
take_leave(struct weft_worker *worker, const struct group *group, uint16_t in)
{
	if (weft_snapshot_slot(worker->snap, in)->guard & WEFT_GUARD_MAC)
		weft_groups_leave(worker, group, in);
}

static void
take_record(struct weft_worker *worker, struct group group, uint16_t in, const uint8_t *record, uint16_t n_sources)
{
	if (!group_of(record + 4, &group))
		return;
	switch (record[0]) {
	case IS_INCLUDE:
	case TO_INCLUDE:
		if (n_sources == 0)
			take_leave(worker, &group, in);
		else
			weft_groups_join(worker, &group, in);
		break;
	case IS_EXCLUDE:
	case TO_EXCLUDE:
	case ALLOW:
		weft_groups_join(worker, &group, in);
		break;
	default:
		break;
	}
}

static void
take_records(struct weft_worker *worker, const struct group *group, uint16_t in, const struct message *message)
{
	const uint8_t *p = message->p + 8, *end = message->p + message->len;
	uint32_t address = message->v6 ? 16 : 4, n = be16(message->p + 6);

	for (uint32_t i = 0; i < RTE_MIN(n, (uint32_t)RECORDS_MOST) && p + 4 + address <= end; i++) {
		uint16_t n_sources = be16(p + 2);
		uint32_t size = 4 + address + n_sources * address + p[1] * 4u;

		if (size > end - p)
			return;
		take_record(worker, *group, in, p, n_sources);
		p += size;
	}
}

static void
take_message(struct weft_worker *worker, struct group *group, uint16_t in, const struct message *message)
{
	const uint8_t *address = message->p + (message->v6 ? 8 : 4);
	bool has_address = message->len >= (message->v6 ? 24u : 8u);

	switch (message->p[0]) {
	case IGMP_QUERY:
	case MLD_QUERY:
		weft_groups_join(worker, &(struct group){ .domain = group->domain, .v6 = group->v6 }, in);
		break;
	case IGMP_REPORT_1:
	case IGMP_REPORT_2:
	case MLD_REPORT_1:
		if (has_address && group_of(address, group))
			weft_groups_join(worker, group, in);
		break;
	case IGMP_LEAVE:
	case MLD_DONE:
		if (has_address && group_of(address, group))
			take_leave(worker, group, in);
		break;
	case IGMP_REPORT_3:
	case MLD_REPORT_2:
		take_records(worker, group, in, message);
		break;
	default:
		break;
	}
}

// Whether the message is a query, which goes to all; reports go to routers.
static bool
is_query(const struct message *message)
{
	return message->p[0] == (message->v6 ? MLD_QUERY : IGMP_QUERY);
}

enum audience
weft_snoop(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i, struct group *group)
{
	const struct weft_lane *lane = &vec->lanes[i];
	const struct rte_mbuf *m = vec->pkts[i];
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, lane->l3_off);
	struct message message;

	*group = (struct group){ .domain = lane->domain, .v6 = lane->flags & WEFT_LANE_IPV6 };
	if (!(lane->flags & (WEFT_LANE_IPV4 | WEFT_LANE_IPV6)) || (lane->dst & MAC_MASK) == MAC_MASK ||
		!(lane->dst & GROUP_BIT) || !weft_snapshot_domain(worker->snap, lane->domain)->snooping)
		return AUDIENCE_ALL;
	if (is_message(lane, m, &message)) {
		if (!vec->dry_run)
			take_message(worker, group, lane->in, &message);
		return is_query(&message) ? AUDIENCE_ALL : AUDIENCE_ROUTERS;
	}
	if (!group_of(ip + (group->v6 ? 24 : 16), group) || !weft_groups_is_known(worker, group))
		return AUDIENCE_ALL;
	return AUDIENCE_MEMBERS;
}
