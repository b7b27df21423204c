// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Frames to a VM with a plan, or to an uplink with a rate. They wait in a queue of the port's, which is bounded in
// bytes, and leave in their time. Frames that wait long are marked (ECN) before any is dropped. Owner worker, except
// where it says otherwise.
#pragma once

#include "dataplane/core/worker.h"

#include "shaper.h"

// Space for a frame's place in the queue, in each mbuf; -1: weft_shaping_init() has not run.
extern int weft_pacer_offset;
struct weft_paced_frame {
	struct rte_mbuf *next;
	uint64_t since; // TSC
};

// Whether frames to the port in SLOT wait for their time.
static inline bool
weft_pacer_paces(const struct weft_engine_worker *self, uint16_t slot)
{
	const struct weft_port_plan *plan = self->own[slot].plan;

	return plan && (plan->to_vm.rate.cost || plan->to_vm.packets.cost);
}

// Queues N frames, and sends those that may leave now. Drops frames for which the queue has no room.
void weft_pacer_send(struct weft_engine_worker *self, uint16_t slot, struct rte_mbuf **pkts, uint16_t n);

// Sends the frames of SLOT whose time has come, and sets the wheel for the next.
void weft_pacer_drain(struct weft_engine_worker *self, uint16_t slot, uint64_t now);

// Sends all frames that wait at SLOT at once, or drops them: the port is gone.
void weft_pacer_send_all(struct weft_engine_worker *self, uint16_t slot);
void weft_pacer_drop_all(struct weft_engine_worker *self, uint16_t slot);

// The frames that wait at SLOT count as this worker's from now on, or as no worker's.
void weft_pacer_count_in(struct weft_engine_worker *self, uint16_t slot);
void weft_pacer_count_out(struct weft_engine_worker *self, uint16_t slot);

// Calls FN with each frame that waits at SLOT. A worker that nobody sends for meanwhile.
void weft_pacer_each(uint16_t slot, void (*fn)(void *arg, const struct rte_mbuf *m), void *arg);
