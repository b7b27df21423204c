// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// ARP packets for IPv4 over Ethernet (RFC 826), which the parser has checked.
#pragma once

#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>

#include "bytes.h"

// From the hardware type on.
#define ARP_OPERATION  6
#define ARP_SENDER_MAC 8
#define ARP_SENDER_IP  14
#define ARP_TARGET_MAC 18
#define ARP_TARGET_IP  24

// Makes the question FRAME, whose ARP packet is at ARP, the answer that its target has MAC.
static inline void
arp_answer(uint8_t *frame, uint8_t *arp, uint64_t mac)
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
