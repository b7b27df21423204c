// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What happens when an access to a front end's memory faults. The front end keeps the files behind that memory and may cut
// them short: then an access raises SIGBUS. An index that strays beside a window raises SIGSEGV, which is a second wall
// behind the checks. Either would end the process. So a thread says whose memory it is about to access, and where to go on
// if that faults. The port is stopped then, and its connection ends. Nothing is mapped in the signal handler.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "vhost/rings/fault.h"

struct vhost_port;

struct vhost_guard {
	void *env[5]; // of __builtin_setjmp()
	struct vhost_port *port;
};

// The guard of this thread, or NULL.
extern _Thread_local struct vhost_guard *volatile vhost_guarded;

// Installs the handlers of SIGBUS and SIGSEGV. Control thread, once, before the first guest.
void vhost_guard_init(void);

// Stops all rings of PORT because of FAULT, and has the front ends' thread end its connection. Any thread that may use the
// rings, also in a signal handler.
void vhost_guard_stop(struct vhost_port *port, enum vhost_fault fault);

// Leaves the block below vhost_guard_enter() because of FAULT, which stops the port. In a signal handler with SA_NODEFER that
// interrupted an access to the port's memory. Does not return.
void vhost_guard_leap(enum vhost_fault fault) __attribute__((noreturn));

// True: this thread may access PORT's memory until vhost_guard_leave(). It returns a second time, false, if an access faults:
// the block below is abandoned. Locals that the block changed have no value then. GUARD lives in the calling function, which
// must not return before vhost_guard_leave().
#define vhost_guard_enter(guard, at) (vhost_guard_set((guard), (at)), __builtin_setjmp((guard)->env) == 0)

static inline void
vhost_guard_set(struct vhost_guard *guard, struct vhost_port *port)
{
	guard->port = port;
	atomic_signal_fence(memory_order_seq_cst);
	vhost_guarded = guard;
}

static inline void
vhost_guard_leave(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	vhost_guarded = NULL;
}
