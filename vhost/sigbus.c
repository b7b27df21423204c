// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A front end keeps the files behind its memory, and may cut them short while weft uses their pages. An access to what
// is gone raises SIGBUS, which would end the process. The handler puts an empty page in its place, and stops the port's
// rings. It does only what is allowed in a signal handler.
#include "sigbus.h"

#include <signal.h>
#include <sys/mman.h>

#include "port.h"

_Thread_local struct vhost_port *volatile vhost_exposed;

static struct sigaction before;

// Puts an empty page where AT is. A huge page can only be replaced as a whole.
static bool
replace_page(uintptr_t at)
{
	static const size_t sizes[] = { 4096, 2 << 20, 1 << 30 };

	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		void *page = (void *)(at & ~(sizes[i] - 1));

		if (mmap(page, sizes[i], PROT_READ | PROT_WRITE,
			    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == page)
			return true;
	}
	return false;
}

static void
on_sigbus(int sig, siginfo_t *info, void *context __rte_unused)
{
	struct vhost_port *port = vhost_exposed;
	int saved = errno;

	if (port && info->si_code == BUS_ADRERR && replace_page((uintptr_t)info->si_addr)) {
		atomic_store(&port->cut, true);
		for (uint16_t q = 0; q < RTE_DIM(port->rings); q++)
			atomic_store(&port->rings[q].fault, VHOST_FAULT_MEMORY);
	} else {
		sigaction(sig, &before, NULL); // the access fails again, and the former handler runs
	}
	errno = saved;
}

static void
install(void)
{
	const struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &action, &before);
}

void
vhost_sigbus_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
}
