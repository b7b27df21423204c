// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reads and writes the traffic class octet.
#include "weft/mark.h"

#include <string.h>

#include <rte_ether.h>

#include "bytes.h"

void
weft_mark_set_class(uint8_t *ip, bool v6, uint8_t class)
{
	rte_be16_t before, after, sum;
	uint32_t folded;

	if (v6) {
		ip[0] = (uint8_t)((ip[0] & 0xf0) | class >> 4);
		ip[1] = (uint8_t)((ip[1] & 0x0f) | class << 4);
		return;
	}
	memcpy(&before, ip, sizeof(before));
	ip[1] = class;
	memcpy(&after, ip, sizeof(after));
	memcpy(&sum, ip + 10, sizeof(sum));
	// RFC 1624, equation 3.
	folded = (uint16_t)~sum + (uint16_t)~before + after;
	folded = (folded & 0xffff) + (folded >> 16);
	folded = (folded & 0xffff) + (folded >> 16);
	sum = (rte_be16_t)~folded;
	memcpy(ip + 10, &sum, sizeof(sum));
}

// The IP header of a frame, if 20 bytes of it lie in the first buffer; else NULL.
static uint8_t *
ip_of(const struct rte_mbuf *m, bool *v6)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t at = 2 * RTE_ETHER_ADDR_LEN;
	uint16_t type = 0;

	for (; at + 2 + 20 <= m->data_len; at += 4) {
		type = be16(frame + at);
		if (type != RTE_ETHER_TYPE_VLAN && type != RTE_ETHER_TYPE_QINQ)
			break;
	}
	*v6 = type == RTE_ETHER_TYPE_IPV6;
	return at + 2 + 20 <= m->data_len && (*v6 || type == RTE_ETHER_TYPE_IPV4) ? frame + at + 2 : NULL;
}

uint8_t
weft_mark_dscp(const struct rte_mbuf *m)
{
	bool v6;
	const uint8_t *ip = ip_of(m, &v6);

	return ip ? weft_mark_class(ip, v6) >> 2 : 0;
}

bool
weft_mark_congestion(struct rte_mbuf *m)
{
	bool v6;
	uint8_t *ip = rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m) ? ip_of(m, &v6) : NULL, class;

	if (ip == NULL)
		return false;
	class = weft_mark_class(ip, v6);
	if ((class & 3) == WEFT_ECN_NOT_ECT)
		return false;
	if ((class & 3) != WEFT_ECN_CE)
		weft_mark_set_class(ip, v6, class | WEFT_ECN_CE);
	return true;
}
