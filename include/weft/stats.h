// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Counters. Each worker writes a copy of its own; readers sum them. They never reset.
#pragma once

#include <stdint.h>

#include <rte_common.h>

#include "weft/drop.h"

// Counters of one port on one worker. The first group is by the port that a packet came from and
// balances: rx + created + adopted = sent + taken + dropped + passed, once the worker's buffers are empty.
struct weft_port_stats {
	uint64_t rx; // packets read from the port
	uint64_t rx_bytes;
	uint64_t created; // copies made by flooding
	uint64_t adopted; // received from another worker
	uint64_t sent;	  // delivered to any port
	uint64_t taken;	  // consumed by the switch itself
	uint64_t passed;  // handed to another worker
	uint64_t tx;	  // packets written to this port
	uint64_t tx_bytes;
	uint64_t tx_lost;     // packets for this port that could not be written
	uint64_t learned;     // MAC addresses learned behind this port
	uint64_t moved;	      // learned addresses that were behind another port before
	uint64_t not_learned; // addresses not learned because the table or the port's quota was full
	uint64_t drop[WEFT_N_DROPS];
} __rte_cache_aligned;

// The effects of a port's plan. Times are in TSC cycles.
struct weft_plan_stats {
	uint64_t throttled; // time that frames were left in the VM's rings
	uint64_t tenant;    // the part of it that is due to the tenant's limit,
	uint64_t uplink;    // and the part that is due to the uplink's
	uint64_t n;	    // frames in the queue to the VM now,
	uint64_t bytes;	    // and their bytes
	uint64_t waited;    // time that frames have waited in the queue, summed
	uint64_t longest;   // the longest of these times
	uint64_t marked;    // frames that were marked as congested
	uint64_t dropped;   // frames that the queue had no room for
};

// Counters of one stage on one worker. Cycles are sampled: cycles / timed_lanes is the cost.
struct weft_stage_stats {
	uint64_t vectors;
	uint64_t lanes;
	uint64_t timed_lanes;
	uint64_t cycles;
};

// Rounds of the loop are counted by their length: four classes for each power of two cycles.
#define WEFT_N_ROUND_CLASSES 256

static inline unsigned int
weft_round_class(uint64_t cycles)
{
	unsigned int log = 63 - __builtin_clzll(cycles | 4);

	return log * 4 + (cycles >> (log - 2) & 3);
}

// The most cycles that a round of the class can have taken.
static inline uint64_t
weft_round_class_end(unsigned int class)
{
	return ((UINT64_C(4) + class % 4 + 1) << (class / 4 - 2)) - 1;
}

// Counts of frames from other hosts, by the generation by which the sender has judged them.
struct weft_stamp_stats {
	uint64_t unstamped; // the frame names no generation
	uint64_t present;   // the generation in force, or one since which nothing about the network has changed
	uint64_t before;    // the generation before that
	uint64_t next;	    // the next generation
	uint64_t late;	    // an older generation, which is not kept any more: the one in force judges the frame
};

// How a worker spends its time, in TSC cycles.
struct weft_worker_stats {
	uint64_t loops;
	uint64_t busy_loops; // loops that moved at least one packet
	uint64_t busy_cycles;
	uint64_t idle_cycles; // empty polls and sleep
	uint64_t sleeps;
	uint64_t slept_cycles;
	uint64_t longest_sleep; // cycles that a packet may have waited
	uint64_t packets;
	uint64_t batches;
	uint64_t io_rx_cycles; // sampled, with io_packets
	uint64_t io_tx_cycles;
	uint64_t io_packets;
	uint64_t fdb_messages_lost;
	uint64_t adoptions; // rounds that began with a new snapshot
	uint64_t adopt_cycles;
	uint64_t longest_adopt;
	uint64_t rounds[WEFT_N_ROUND_CLASSES]; // rounds by their length without sleep: what a packet may have waited
};
