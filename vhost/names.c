// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "names.h"

#include <string.h>

#include "port.h"
#include "weft/fnv.h"

#define BUCKETS WEFT_MAX_PORTS

static struct vhost_port *buckets[BUCKETS];

const char *
vhost_names_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct vhost_port **
bucket(const char *name)
{
	return &buckets[weft_fnv_hash(name) % BUCKETS];
}

void
vhost_names_add(struct vhost_port *port)
{
	struct vhost_port **first = bucket(vhost_names_base(port->path));

	port->next = *first;
	*first = port;
}

void
vhost_names_remove(struct vhost_port *port)
{
	struct vhost_port **p = bucket(vhost_names_base(port->path));

	while (*p && *p != port)
		p = &(*p)->next;
	if (*p)
		*p = port->next;
}

struct vhost_port *
vhost_names_next(const struct vhost_port *port, const char *name)
{
	struct vhost_port *next = port ? port->next : *bucket(name);

	while (next && strcmp(vhost_names_base(next->path), name))
		next = next->next;
	return next;
}

void
vhost_names_each(void (*call)(struct vhost_port *port))
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (struct vhost_port *port = buckets[i]; port; port = port->next)
			call(port);
}
