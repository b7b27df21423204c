// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections that hardware may carry. When a worker has just sent a packet of a busy connection, it offers this
// direction of the connection: the device can treat the next packets as software has treated this one. The control
// thread takes the offers from a ring of fixed size. An offer that does not fit is lost, and is made again later.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "weft/session.h"
#include "weft/snapshot.h"

struct weft_worker;

// A connection is offered each time that this many of its packets have passed. The number is a prime, so that both
// directions are offered, whatever pattern their packets have.
#define WEFT_OFFLOAD_OFFER_PACKETS 1021

#define WEFT_OFFLOAD_OFFERS 256

struct weft_offload_offer {
	struct weft_session_key key; // of the connection
	uint32_t record;	     // of the connection, in the worker's table
	uint32_t judged;	     // as in the connection's record
	uint64_t src, dst;	     // MACs with the domain, as in a lane
	uint8_t addr[2][16];	     // source, destination
	uint16_t l4[2];		     // ports, in network order
	uint16_t in, out;	     // slots
	uint16_t gen[2];	     // of the ports in these slots
	uint16_t vid[2];	     // VLAN tag with which frames come, and leave; 0: none
	uint8_t end;		     // which end of the connection sends
};

struct weft_offload_offers {
	_Atomic uint32_t head __rte_cache_aligned; // worker
	uint64_t lost;				   // worker
	_Atomic uint32_t tail __rte_cache_aligned; // control
	struct weft_offload_offer offer[WEFT_OFFLOAD_OFFERS];
};

// Whether SNAP still judges the connection of OFFER as before, and software does nothing to its packets that hardware
// would not do. Control thread.
bool weft_offload_is_allowed(const struct weft_snapshot *snap, const struct weft_offload_offer *offer);

// Whether the connection of OFFER still exists and takes the same path. If so, adds PACKETS of BYTES, which hardware
// has carried, to it and to its rules. Owner worker.
bool weft_offload_account(
	struct weft_worker *worker, const struct weft_offload_offer *offer, uint64_t packets, uint64_t bytes);
