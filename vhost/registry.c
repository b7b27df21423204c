// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "registry.h"

#include <string.h>

#include <rte_hash_crc.h>

#include "port.h"

#define N_BUCKETS 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct vhost_port *bound[N_BUCKETS];	     // open ports by their paths; under the lock
static struct vhost_port *of_vid[VHOST_MAX_DEVICES]; // under the lock

static struct vhost_port **
bucket_of(const char *path)
{
	return &bound[rte_hash_crc(path, (uint32_t)strlen(path), 0) % N_BUCKETS];
}

static struct vhost_port *
find(const char *path)
{
	struct vhost_port *port = *bucket_of(path);

	while (port && strcmp(port->path, path))
		port = port->next_bound;
	return port;
}

void
vhost_registry_add(struct vhost_port *port)
{
	pthread_mutex_lock(&lock);
	port->next_bound = *bucket_of(port->path);
	*bucket_of(port->path) = port;
	pthread_mutex_unlock(&lock);
}

void
vhost_registry_remove(struct vhost_port *port)
{
	pthread_mutex_lock(&lock);
	for (struct vhost_port **p = bucket_of(port->path); *p; p = &(*p)->next_bound) {
		if (*p == port) {
			*p = port->next_bound;
			break;
		}
	}
	for (unsigned int i = 0; i < VHOST_MAX_DEVICES; i++) {
		if (of_vid[i] == port)
			of_vid[i] = NULL;
	}
	pthread_mutex_unlock(&lock);
}

bool
vhost_registry_has(const char *path)
{
	bool used;

	pthread_mutex_lock(&lock);
	used = find(path) != NULL;
	pthread_mutex_unlock(&lock);
	return used;
}

struct vhost_port *
vhost_registry_connect(int vid, const char *path)
{
	struct vhost_port *port;

	pthread_mutex_lock(&lock);
	port = find(path);
	if (port)
		of_vid[vid] = port;
	pthread_mutex_unlock(&lock);
	return port;
}

void
vhost_registry_disconnect(int vid)
{
	pthread_mutex_lock(&lock);
	of_vid[vid] = NULL;
	pthread_mutex_unlock(&lock);
}

struct vhost_port *
vhost_registry_of(int vid)
{
	struct vhost_port *port;

	pthread_mutex_lock(&lock);
	port = vid >= 0 && vid < VHOST_MAX_DEVICES ? of_vid[vid] : NULL;
	pthread_mutex_unlock(&lock);
	return port;
}
