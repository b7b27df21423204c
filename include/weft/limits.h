// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Sizes that all parts of weft share.
#pragma once

// Port slots of one host; slot 0 stays free, so that 0 means "no port".
#define WEFT_MAX_PORTS 16384
#define WEFT_PORT_NONE 0

// Tenants on one host whose ports share a limit; bucket 0 means "no limit".
#define WEFT_MAX_BUCKETS 4096

// Broadcast domains of one host: a domain is a (network, VLAN) pair; 0 means "none".
#define WEFT_MAX_DOMAINS 65535

#define WEFT_MAX_WORKERS 64

// A vector holds up to VEC_SIZE packets. Devices are read and written in bursts of BURST.
#define WEFT_VEC_SIZE 64
#define WEFT_BURST    32

#define WEFT_MAX_QUEUE_PAIRS 8

#define WEFT_MTU_MIN	 576
#define WEFT_MTU_MAX	 9216
#define WEFT_MTU_DEFAULT 1500
