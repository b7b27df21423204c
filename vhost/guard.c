// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "guard.h"

#include <signal.h>

#include "port.h"
#include "wake.h"

_Thread_local struct vhost_guard *volatile vhost_guarded;

static struct sigaction before_bus, before_segv;

static bool
is_in(const struct vhost_window *window, uintptr_t at)
{
	return at - (uintptr_t)window->base < window->size;
}

// Whether AT lies in a window of PORT, guards included. The windows do not change while they are accessed.
static bool
is_of(const struct vhost_port *port, uintptr_t at)
{
	const struct vhost_memory *memory = port->memory;

	for (uint32_t i = 0; memory && i < memory->table.n; i++) {
		if (is_in(&memory->map[i].window, at))
			return true;
	}
	return is_in(&port->log.window, at) || is_in(&port->inflight.window, at);
}

void
vhost_guard_stop(struct vhost_port *port, enum vhost_fault fault)
{
	uint8_t none = VHOST_FAULT_NONE;

	atomic_compare_exchange_strong(&port->broken, &none, (uint8_t)fault);
	for (uint16_t q = 0; q < VHOST_N_RINGS; q++)
		atomic_store(&port->rings[q].fault, fault);
	// Not even to see whether the guest wants an interrupt.
	atomic_store(&port->to_guest, 0);
	atomic_store(&port->from_guest, 0);
	vhost_wake_for(port);
}

// A handler's signal is not blocked while it runs, so leaving it by a jump leaves the thread's signal mask as it was.
void
vhost_guard_leap(enum vhost_fault fault)
{
	struct vhost_guard *guard = vhost_guarded;

	vhost_guarded = NULL;
	vhost_guard_stop(guard->port, fault);
	__builtin_longjmp(guard->env, 1);
}

static void
on_fault(int sig, siginfo_t *info, void *context __rte_unused)
{
	struct vhost_guard *guard = vhost_guarded;

	if (guard && info->si_code > 0 && is_of(guard->port, (uintptr_t)info->si_addr))
		vhost_guard_leap(sig == SIGBUS ? VHOST_FAULT_MEMORY : VHOST_FAULT_STRAY);
	// The access faults again, and the former handler runs.
	sigaction(sig, sig == SIGBUS ? &before_bus : &before_segv, NULL);
}

void
vhost_guard_init(void)
{
	const struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigaction(SIGBUS, &action, &before_bus);
	sigaction(SIGSEGV, &action, &before_segv);
}
