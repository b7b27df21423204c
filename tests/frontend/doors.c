// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "doors.h"

#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct door *doors; // those that nobody has
static unsigned int n_lost;

static void
make(const char *folder, char kind, unsigned int i)
{
	struct door *door = calloc(1, sizeof(*door));

	if (door == NULL)
		err(1, "memory");
	snprintf(door->path, sizeof(door->path), "%s/%c%u", folder, kind, i);
	door->listener = -1;
	door->client = kind == 'c';
	if (door->client)
		door_listen(door);
	door->next = doors;
	doors = door;
}

void
doors_make(const char *folder, unsigned int n_servers, unsigned int n_clients)
{
	for (unsigned int i = 0; i < n_servers; i++)
		make(folder, 's', i);
	for (unsigned int i = 0; i < n_clients; i++)
		make(folder, 'c', i);
}

struct door *
doors_take(void)
{
	struct door *best, **at;
	uint64_t now;

	for (;;) {
		at = NULL;
		pthread_mutex_lock(&lock);
		for (struct door **d = &doors; *d; d = &(*d)->next)
			if (at == NULL || (*d)->free < (*at)->free)
				at = d;
		if (at)
			break;
		pthread_mutex_unlock(&lock);
		usleep(1000);
	}
	best = *at;
	*at = best->next;
	pthread_mutex_unlock(&lock);
	now = wire_clock_us() / 1000;
	if (best->free > now)
		usleep((unsigned int)(best->free - now) * 1000);
	return best;
}

void
doors_give(struct door *door, bool offended)
{
	if (offended) {
		door->free += UINT64_C(1000) << (door->offences < 6 ? door->offences : 6);
		door->offences++;
	}
	pthread_mutex_lock(&lock);
	door->next = doors;
	doors = door;
	pthread_mutex_unlock(&lock);
}

void
doors_lose(struct door *door __attribute__((unused)))
{
	pthread_mutex_lock(&lock);
	n_lost++;
	pthread_mutex_unlock(&lock);
}

unsigned int
doors_lost(void)
{
	return n_lost;
}
