// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Random policies and random packets, most of them plausible.
#pragma once

#include "reference.h"

#define GENERATE_MAC(slot) (UINT64_C(0x020000000000) + (uint64_t)(slot))

void generate_seed(unsigned int seed);
uint32_t generate_random(uint32_t n); // below N

// Bundles as text, which the caller frees: the first, and a change of something.
char *generate_start(void);
char *generate_change(void);

void generate_packet(struct ref_packet *p);

// The same as an Ethernet frame, of at most 2048 bytes. Returns its length.
unsigned int generate_frame(const struct ref_packet *p, uint8_t *frame);

// P was judged: endpoints go on from there.
void generate_seen(const struct ref_packet *p, bool passed);
