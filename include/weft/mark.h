// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The traffic class octet of IP headers: DSCP (RFC 2474) and ECN (RFC 3168), and the IPv4 checksum with them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

enum weft_ecn { WEFT_ECN_NOT_ECT, WEFT_ECN_ECT_1, WEFT_ECN_ECT_0, WEFT_ECN_CE };

static inline uint8_t
weft_mark_class(const uint8_t *ip, bool v6)
{
	return v6 ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1];
}

// Writes CLASS to the octet of the header at IP, and corrects the checksum of IPv4. The header is writable.
void weft_mark_set_class(uint8_t *ip, bool v6, uint8_t class);

// The DSCP of the frame, which may be tagged; 0: it is not IP.
uint8_t weft_mark_dscp(const struct rte_mbuf *m);

// Marks the frame, which may be tagged, as one that met congestion, if its sender supports ECN and the packet is not
// shared. Returns whether it did.
bool weft_mark_congestion(struct rte_mbuf *m);
