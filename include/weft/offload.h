// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections that hardware may carry. A worker offers a direction of one when it has just sent a packet of it on its
// way: what software has done with that packet is what the device is to do with those that follow. The control thread
// takes offers from a ring of fixed size; what does not fit is lost, and offered again.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "weft/session.h"
#include "weft/snapshot.h"

struct weft_worker;

// A connection is offered each time that so many packets of it have passed. A prime: whatever the turns that its ends
// take, both come to be the one that has sent then.
#define WEFT_OFFER_PACKETS 1021

#define WEFT_OFFERS 256

struct weft_offer {
	struct weft_session_key key; // of the connection
	uint32_t record;
	uint32_t judged;     // as the connection's
	uint64_t src, dst;   // MACs with the domain, as in a lane
	uint8_t addr[2][16]; // source, destination
	uint16_t l4[2];	     // ports, in network order
	uint16_t in, out;    // slots
	uint16_t gen[2];     // of the ports in them
	uint16_t vid[2];     // of the tag that its frames come with, and leave with; 0: none
	uint8_t end;	     // of the connection that sends
};

struct weft_offers {
	_Atomic uint32_t head __rte_cache_aligned; // written by the worker
	uint64_t lost;				   // by the worker
	_Atomic uint32_t tail __rte_cache_aligned; // written by control
	struct weft_offer offer[WEFT_OFFERS];
};

// Whether SNAP leaves the connection of OFFER as it was judged, and lets hardware carry it: nothing that software would
// do to its packets is lost. Control thread.
bool weft_offer_stands(const struct weft_snapshot *snap, const struct weft_offer *offer);

// Whether the connection is still there, and goes the same way; then PACKETS of BYTES, which hardware has carried,
// count as its own. Owner worker.
bool weft_offer_holds(struct weft_worker *worker, const struct weft_offer *offer, uint64_t packets, uint64_t bytes);
