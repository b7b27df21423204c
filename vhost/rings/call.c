// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "call.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "weft/limits.h"
#include "weft/log.h"

#define CALL_SIGNAL SIGUSR2
// The watchdog sleeps when no thread has interrupted a guest for so many of its rounds, of a millisecond each.
#define IDLE_ROUNDS 100

// A thread that interrupts guests: all workers, and the front ends' thread.
static struct caller {
	_Atomic uint64_t since; // when its write began, in TSC; 0: it is in none
	_Atomic uint32_t calls; // counts them
	pthread_t thread;	// set before SINCE is for the first time
} __rte_cache_aligned callers[WEFT_MAX_WORKERS + 1];

static _Atomic unsigned int n_callers;
static _Thread_local struct caller *self;
static uint64_t limit; // in TSC
static int wake_fd = -1;
static _Atomic bool asleep; // the watchdog

static __rte_noinline void
enlist(void)
{
	unsigned int i = atomic_fetch_add(&n_callers, 1);
	sigset_t set;

	// No more threads than this interrupt guests.
	RTE_VERIFY(i < RTE_DIM(callers));
	sigemptyset(&set);
	sigaddset(&set, CALL_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	callers[i].thread = pthread_self();
	self = &callers[i];
}

static __rte_noinline void
wake(void)
{
	if (wake_fd >= 0)
		eventfd_write(wake_fd, 1);
}

bool
weft_call(struct vhost_ring *ring)
{
	const uint64_t one = 1;
	uint64_t start = rte_rdtsc();
	ssize_t done;

	if (unlikely(self == NULL))
		enlist();
	atomic_fetch_add_explicit(&self->calls, 1, memory_order_relaxed);
	// The watchdog says that it sleeps before it looks for the last time.
	atomic_store(&self->since, start);
	if (unlikely(atomic_load(&asleep)))
		wake();
	done = write(ring->call, &one, sizeof(one));
	atomic_store_explicit(&self->since, 0, memory_order_release);
	if (likely(rte_rdtsc() - start < limit || limit == 0)) {
		ring->slow_calls = 0;
		return true;
	}
	// A full counter that does not block is no error: the guest has an interrupt to come.
	return !(done < 0 && errno == EINTR) && ++ring->slow_calls < WEFT_CALL_SLOW;
}

static void
on_signal(int sig __rte_unused)
{
}

// Ends writes that take too long. Returns whether a thread has interrupted a guest since the last time.
static bool
look(void)
{
	static uint32_t before;
	unsigned int n = RTE_MIN(atomic_load(&n_callers), (unsigned int)RTE_DIM(callers));
	uint64_t now = rte_rdtsc();
	uint32_t calls = 0;
	bool busy = false;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t since = atomic_load(&callers[i].since);

		calls += atomic_load_explicit(&callers[i].calls, memory_order_relaxed);
		busy |= since != 0;
		if (since && now > since && now - since > limit)
			pthread_kill(callers[i].thread, CALL_SIGNAL);
	}
	busy |= calls != before;
	before = calls;
	return busy;
}

static void *
watch(void *arg __rte_unused)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	unsigned int idle = 0;
	eventfd_t count;

	for (;;) {
		nanosleep(&pause, NULL);
		idle = look() ? 0 : idle + 1;
		if (idle < IDLE_ROUNDS)
			continue;
		atomic_store(&asleep, true);
		if (!look())
			eventfd_read(wake_fd, &count);
		atomic_store(&asleep, false);
		idle = 0;
	}
	return NULL;
}

static void
start(void)
{
	const struct sigaction action = { .sa_handler = on_signal }; // without SA_RESTART: the write ends
	pthread_t thread;
	int ret;

	limit = rte_get_tsc_hz() / 1000 * WEFT_CALL_LIMIT_MS;
	wake_fd = eventfd(0, EFD_CLOEXEC);
	sigaction(CALL_SIGNAL, &action, NULL);
	ret = wake_fd < 0 ? errno : pthread_create(&thread, NULL, watch, NULL);
	if (ret) {
		WEFT_LOG(ERR, "event=watchdog error=\"%s\"", strerror(ret));
		return;
	}
	pthread_setname_np(thread, "weft-call-watch");
	pthread_detach(thread);
}

void
weft_call_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
}

bool
weft_call_takes(int fd)
{
	char path[40], name[40];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, name, sizeof(name) - 1);
	if (len < 0)
		return false;
	name[len] = 0;
	return strcmp(name, "anon_inode:[eventfd]") == 0;
}
