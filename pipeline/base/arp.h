// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// ARP packets for IPv4 over Ethernet (RFC 826); the parser has checked their lengths.
#pragma once

#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ether.h>

#include "weft/vec.h"

#include "bytes.h"

// Offsets from the hardware type on.
#define ARP_OPERATION  6
#define ARP_SENDER_MAC 8
#define ARP_SENDER_IP  14
#define ARP_TARGET_MAC 18
#define ARP_TARGET_IP  24

#define ARP_FRAME (RTE_ETHER_HDR_LEN + 28)

// Turns the request FRAME, whose ARP packet is at ARP, into its reply: the target has MAC.
static inline void
weft_arp_answer(uint8_t *frame, uint8_t *arp, uint64_t mac)
{
	uint8_t asked[20]; // a MAC and an IP address, twice

	memcpy(asked, arp + ARP_SENDER_MAC, sizeof(asked));
	memcpy(frame, frame + 6, 6);
	write_mac(frame + 6, mac);
	arp[ARP_OPERATION + 1] = RTE_ARP_OP_REPLY;
	write_mac(arp + ARP_SENDER_MAC, mac);
	memcpy(arp + ARP_SENDER_IP, asked + ARP_TARGET_IP - ARP_SENDER_MAC, 4);
	memcpy(arp + ARP_TARGET_MAC, asked, 10);
}

// Whether M, a RARP frame of LANE, says where its own sender is, and nothing about another station (RFC 903).
static inline bool
weft_rarp_is_own(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	const uint8_t *arp = rte_pktmbuf_mtod_offset(m, const uint8_t *, lane->l3_off);
	const uint8_t fixed[] = { 0, 1, 8, 0, 6, 4, 0, RTE_ARP_OP_REVREQUEST };
	uint64_t own = lane->src & UINT64_C(0xffffffffffff);

	return lane->l3_off + 28u <= m->data_len && memcmp(arp, fixed, sizeof(fixed)) == 0 &&
	       read_mac(arp + ARP_SENDER_MAC) == own && read_mac(arp + ARP_TARGET_MAC) == own;
}

// Writes to FRAME a request for TARGET from the host with MAC and SOURCE.
static inline void
weft_arp_write_request(uint8_t frame[ARP_FRAME], uint64_t mac, rte_be32_t source, rte_be32_t target)
{
	uint8_t *arp = frame + RTE_ETHER_HDR_LEN;
	const uint8_t fixed[] = { 0, 1, 8, 0, 6, 4, 0, RTE_ARP_OP_REQUEST };

	write_mac(frame, UINT64_C(0xffffffffffff));
	write_mac(frame + RTE_ETHER_ADDR_LEN, mac);
	frame[12] = RTE_ETHER_TYPE_ARP >> 8;
	frame[13] = RTE_ETHER_TYPE_ARP & 0xff;
	memcpy(arp, fixed, sizeof(fixed));
	write_mac(arp + ARP_SENDER_MAC, mac);
	memcpy(arp + ARP_SENDER_IP, &source, sizeof(source));
	write_mac(arp + ARP_TARGET_MAC, 0);
	memcpy(arp + ARP_TARGET_IP, &target, sizeof(target));
}
