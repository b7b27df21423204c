// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The hostile ports' doors, which the players share. Each takes the one that has been free for the longest time.
#pragma once

#include "faker.h"

// Makes the doors N_SERVERS times "s0"... and N_CLIENTS times "c0"... in FOLDER.
void doors_make(const char *folder, unsigned int n_servers, unsigned int n_clients);

// Takes a door, and waits until it is free.
struct door *doors_take(void);
// Gives it back. OFFENDED: weft may have had to stop the guest, and lets it wait longer each time.
void doors_give(struct door *door, bool offended);
// Gives a door back that may never be free again.
void doors_lose(struct door *door);
unsigned int doors_lost(void);
