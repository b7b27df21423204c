// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "trash.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weft/log.h"

#include "vhost/memory/guest_memory.h"

// A socket, what waited with it, and call descriptors; see struct vhost_connection.
#define MAX_FDS	    512
#define MAX_WINDOWS 2
// Bags of a port that may be on their way out.
#define MAX_BAGS 4
#define STACK	 (128 << 10)

// How far a bag is, and whether its port has forgotten it.
#define BAG_FDS	   0 // descriptors are still open
#define BAG_MEMORY 1 // memory is still mapped
#define BAG_DONE   2
#define BAG_ALONE  4

struct vhost_trash {
	struct vhost_trash *next;   // of the port's
	struct vhost_trash *queued; // of all that wait for a thread, under the lock
	_Atomic int state;
	unsigned int n_fds, n_windows;
	int fds[MAX_FDS];
	struct vhost_window windows[MAX_WINDOWS];
	struct vhost_memory *memory;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t some = PTHREAD_COND_INITIALIZER;
static struct vhost_trash *first, **last = &first;
static unsigned int n_queued, n_idle;

struct vhost_trash *
vhost_trash_new(void)
{
	return calloc(1, sizeof(struct vhost_trash));
}

void
vhost_trash_fd(struct vhost_trash *trash, int fd)
{
	if (fd < 0)
		return;
	if (trash && trash->n_fds < MAX_FDS)
		trash->fds[trash->n_fds++] = fd;
	else
		close(fd);
}

void
vhost_trash_memory(struct vhost_trash *trash, struct vhost_memory *memory)
{
	if (trash && trash->memory == NULL)
		trash->memory = memory;
	else
		weft_guest_memory_free(memory);
}

void
vhost_trash_window(struct vhost_trash *trash, struct vhost_window *window)
{
	if (window->base == NULL)
		return;
	if (trash && trash->n_windows < MAX_WINDOWS)
		trash->windows[trash->n_windows++] = *window;
	else
		weft_window_unmap(window);
	*window = (struct vhost_window){ 0 };
}

// TRASH may be gone afterwards.
static void
throw_away(struct vhost_trash *trash)
{
	for (unsigned int i = 0; i < trash->n_fds; i++)
		close(trash->fds[i]);
	if (trash->n_fds)
		atomic_fetch_add(&trash->state, BAG_MEMORY - BAG_FDS);
	for (unsigned int i = 0; i < trash->n_windows; i++)
		weft_window_unmap(&trash->windows[i]);
	weft_guest_memory_free(trash->memory);
	if (atomic_fetch_add(&trash->state, BAG_DONE - BAG_MEMORY) & BAG_ALONE)
		free(trash);
}

// One thread waits for more; others that are needed meanwhile end.
static void *
run(void *arg __attribute__((unused)))
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pthread_setname_np(pthread_self(), "weft-trash");
	pthread_mutex_lock(&lock);
	for (;;) {
		struct vhost_trash *trash;

		while (first == NULL) {
			if (n_idle)
				break;
			n_idle++;
			pthread_cond_wait(&some, &lock);
			n_idle--;
		}
		if (first == NULL)
			break;
		trash = first;
		first = trash->queued;
		if (first == NULL)
			last = &first;
		n_queued--;
		pthread_mutex_unlock(&lock);
		throw_away(trash);
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void
start_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ret = pthread_create(&thread, &attr, run, NULL);
	pthread_attr_destroy(&attr);
	// Without it, what is thrown away waits for a thread that is at work.
	if (ret)
		WEFT_LOG(ERR, "event=trash error=\"%s\"", strerror(ret));
}

void
vhost_trash_out(struct vhost_trash *trash, struct vhost_trash **list)
{
	if (trash == NULL)
		return;
	if (trash->n_fds == 0)
		trash->state = BAG_MEMORY;
	trash->next = *list;
	*list = trash;
	pthread_mutex_lock(&lock);
	*last = trash;
	last = &trash->queued;
	n_queued++;
	// A thread that is at work may never finish.
	if (n_queued > n_idle)
		start_thread();
	pthread_cond_signal(&some);
	pthread_mutex_unlock(&lock);
}

bool
vhost_trash_waits(struct vhost_trash **list)
{
	unsigned int n = 0;
	bool open = false;

	for (struct vhost_trash **t = list; *t;) {
		struct vhost_trash *trash = *t;
		int state = atomic_load(&trash->state);

		if (state == BAG_DONE) {
			*t = trash->next;
			free(trash);
			continue;
		}
		open |= state == BAG_FDS;
		n++;
		t = &trash->next;
	}
	return open || n >= MAX_BAGS;
}

void
vhost_trash_forget(struct vhost_trash **list)
{
	while (*list) {
		struct vhost_trash *trash = *list;

		*list = trash->next;
		if (atomic_fetch_or(&trash->state, BAG_ALONE) == BAG_DONE)
			free(trash);
	}
}
