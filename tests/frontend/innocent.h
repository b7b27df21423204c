// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Two honest guests, one with split rings and one with packed ones, that send each other numbered frames all the time. Every
// frame is checked byte for byte as it comes. All of their memory that is no ring and no offered buffer holds canaries.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct innocent_sums {
	uint64_t sent, received;
	uint64_t lost;	     // sent and not received, when there was time for it
	uint64_t repeated;   // came again, or out of order
	uint64_t wrong;	     // came, and were not what was sent
	uint64_t changed;    // bytes of their memory that weft had no right to change
	uint64_t watched;    // of so many
	uint64_t longest_us; // without a frame while some were on their way
	char error[200];     // what weft did to a ring that it must not, empty if nothing
};

// Connects both to weft's sockets at PATH, and starts the thread that lives for them. Exits with a message if weft does not
// take them.
void innocent_start(const char *const path[2]);

// Waits until N more frames have come. False: they do not.
bool innocent_flows(uint64_t n);

// How many bytes of their memory have changed by now. May be called while they run.
uint64_t innocent_changed(void);

// Of how many bytes.
uint64_t innocent_watched(void);

// Lets frames that are on their way arrive, and ends both.
void innocent_stop(struct innocent_sums *sums);
