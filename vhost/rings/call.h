// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Interrupting a guest is a write to an eventfd, which its front end shares. The front end can fill the counter and make
// the descriptor blocking, so the write may block; weft cannot prevent that, since both use one open file. A watchdog sends
// a thread that stays in such a write for longer than WEFT_CALL_LIMIT_MS a signal, which ends the write.
//
// Measured for one interrupt: write() 0.5 us; io_submit() with IOCB_FLAG_RESFD, which never blocks, 1.3 us, and 0.7 us in
// batches of four.
#pragma once

#include "ring.h"

#define WEFT_CALL_LIMIT_MS 2
// Interrupts in a row that may take longer without blocking: a worker that is not scheduled looks the same.
#define WEFT_CALL_SLOW 4

// Starts the watchdog, once. Without it nobody ends a write that blocks. Control thread, before the first guest.
void weft_call_init(void);

// Interrupts the guest of RING, which has a call descriptor. Returns false if that blocked, or took too long again and
// again: the front end must not be served any more. Owner worker; the front ends' thread while the ring is suspended.
bool weft_call(struct vhost_ring *ring);

// Whether FD is an eventfd. It does not touch the file, which might block. Any thread.
bool weft_call_takes(int fd);
