// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Frames from the words of people.
#pragma once

#include "reference.h"

// Writes P as a frame between two MACs, tagged with VLAN where that is not 0. Returns its length.
unsigned int packet_write(const struct ref_packet *p, uint64_t from, uint64_t to, uint16_t vlan, uint8_t *frame);
