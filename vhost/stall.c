// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "stall.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "weft/clock.h"
#include "weft/limits.h"
#include "weft/log.h"

#include "guard.h"
#include "port.h"

#define STALL_SIGNAL SIGUSR1
#define PAUSE_MS     10
// Of the time that passes, so much may be a stall.
#define SHARE 16
// Where a thread waits for a hole in shmem: shmem_fault, or shmem_falloc_wait in some versions of Linux.
#define PLACE "shmem_fa"

// A thread that touches guests' memory: a worker, or the front ends' thread.
static struct thread {
	_Atomic bool enlisted; // what follows up to WCHAN is set
	pthread_t id;
	struct vhost_guard *volatile *guarded; // its vhost_guarded
	int wchan;			       // of this thread in /proc; -1: there is none
	// 0: it has no signal to come. 1: the watchdog has sent one. N: and then found it waiting N - 1 times, so
	// that the signal comes before the access is tried again.
	_Atomic unsigned int looks;
} __rte_cache_aligned threads[WEFT_MAX_WORKERS + 4];

static _Atomic unsigned int n_threads;
static _Thread_local struct thread *self;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // for the condition only
static pthread_cond_t needed = PTHREAD_COND_INITIALIZER;
static _Atomic unsigned int n_watched;

void
vhost_stall_enlist(void)
{
	struct thread *t;
	sigset_t set;
	unsigned int i;

	if (self)
		return;
	i = atomic_fetch_add(&n_threads, 1);
	// No more threads than this touch guests' memory.
	RTE_VERIFY(i < RTE_DIM(threads));
	t = &threads[i];
	t->id = pthread_self();
	t->guarded = &vhost_guarded;
	t->wchan = open("/proc/thread-self/wchan", O_RDONLY | O_CLOEXEC);
	self = t;
	sigemptyset(&set);
	sigaddset(&set, STALL_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	atomic_store(&t->enlisted, true);
}

// PORT has stalled this thread for MS. Returns whether that is too much.
static bool
charge(struct vhost_port *port, unsigned int ms)
{
	uint64_t now = weft_clock_us(), forgiven = (now - port->stalled_at_us) / SHARE;

	port->stalled_at_us = now;
	port->stalled_us -= RTE_MIN(forgiven, port->stalled_us);
	port->stalled_us += UINT64_C(1000) * ms;
	return port->stalled_us >= UINT64_C(1000) * VHOST_STALL_MS;
}

// The thread may be anywhere when the watchdog has looked only once: it may have gone on before the signal came. It leaves the
// burst only where it has been seen waiting since.
static void
on_stall(int sig __rte_unused)
{
	struct vhost_guard *guard = vhost_guarded;
	unsigned int looks = self ? atomic_exchange(&self->looks, 0) : 0;

	if (guard && looks > 1 && (charge(guard->port, (looks - 1) * PAUSE_MS) || atomic_load(&guard->port->broken)))
		vhost_guard_leap(VHOST_FAULT_HOLES);
}

static bool
waits_for_hole(const struct thread *t)
{
	char place[sizeof(PLACE) - 1];

	return pread(t->wchan, place, sizeof(place), 0) == sizeof(place) && memcmp(place, PLACE, sizeof(place)) == 0;
}

static void
look_at(struct thread *t)
{
	unsigned int looks = atomic_load(&t->looks);

	if (*t->guarded == NULL || !waits_for_hole(t))
		return;
	if (looks == 0) {
		atomic_store(&t->looks, 1);
		pthread_kill(t->id, STALL_SIGNAL);
		looks = 1;
		if (!waits_for_hole(t))
			return;
	}
	// Unless the signal has come meanwhile.
	atomic_compare_exchange_strong(&t->looks, &looks, looks + 1);
}

static void *
watch(void *arg __rte_unused)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };

	for (;;) {
		pthread_mutex_lock(&lock);
		while (atomic_load(&n_watched) == 0)
			pthread_cond_wait(&needed, &lock);
		pthread_mutex_unlock(&lock);
		for (unsigned int i = 0; i < RTE_DIM(threads); i++)
			if (atomic_load(&threads[i].enlisted))
				look_at(&threads[i]);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void
start(void)
{
	const struct sigaction action = { .sa_handler = on_stall, .sa_flags = SA_RESTART | SA_NODEFER };
	pthread_t thread;
	int ret;

	sigaction(STALL_SIGNAL, &action, NULL);
	ret = pthread_create(&thread, NULL, watch, NULL);
	if (ret) {
		WEFT_LOG(ERR, "event=watchdog error=\"%s\"", strerror(ret));
		return;
	}
	pthread_setname_np(thread, "weft-stall");
	pthread_detach(thread);
}

void
vhost_stall_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
}

void
vhost_stall_watch(void)
{
	if (atomic_fetch_add(&n_watched, 1))
		return;
	pthread_mutex_lock(&lock);
	pthread_cond_signal(&needed);
	pthread_mutex_unlock(&lock);
}

void
vhost_stall_rest(void)
{
	atomic_fetch_sub(&n_watched, 1);
}
