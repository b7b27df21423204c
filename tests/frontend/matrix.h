// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Every message in every state, each field over its boundary values, all sizes, numbers and kinds of descriptors, and messages
// that break off; and sequences of all of them at random.
#pragma once

#include "doors.h"

// Cases are numbered from 0.
uint64_t matrix_cases(void);

// Plays case I on a connection of its own, and starts the rings with what it has said.
void matrix_play(struct faker *f, uint64_t i);

// Sends a file of FUSE with each message that takes descriptors. These ports are lost: weft may still wait for that file.
void matrix_play_fuse(struct faker *f);

// A connection with random messages, until weft ends it or has had enough. Returns how many there were.
uint64_t random_play(struct faker *f, uint64_t *random);

// A crowd of N front ends that stay silent in the middle of a message, or do not read weft's answers. They are there until
// crowd_leave().
void crowd_come(unsigned int n);
void crowd_leave(void);
