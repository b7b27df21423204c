// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Who touches memory in which a front end punches a hole waits in the kernel until the whole hole is punched: for a GiB of
// pages about 0.1 s. Nothing ends that wait, neither a signal nor a seal, and a balloon punches holes rightfully. So a watchdog
// looks for threads that wait so (/proc/self/task/N/wchan), and sends each a signal. It arrives when the wait is over, before
// the access is tried again, so the thread leaves the burst and stops the port: one hole stalls it once. A port that is stopped
// waits longer and longer for its next connection (pace.h).
//
// A balloon's holes are small, and lie where the guest uses nothing. A port may stall threads for VHOST_STALL_MS, and then for
// a sixteenth of the time that passes.
#pragma once

#define VHOST_STALL_MS 20

// Starts the watchdog, once. Without it, or without wchan in /proc, nobody is found. Control thread, before the first guest.
void vhost_stall_init(void);

// Has the watchdog look at this thread, which lives as long as the process. Only the first call of a thread does anything.
void vhost_stall_enlist(void);

// The watchdog is needed, and not any more: once each for a port whose memory threads may touch. It sleeps when there is none.
// Front ends' thread and control.
void vhost_stall_watch(void);
void vhost_stall_rest(void);
