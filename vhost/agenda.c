// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "agenda.h"

#include "port.h"

// A port's place counts from 1: 0 means that it is not here.
static struct vhost_port *heap[WEFT_MAX_PORTS + 1];
static uint32_t n;

static void
put(struct vhost_port *port, uint32_t place)
{
	heap[place] = port;
	port->agenda = place;
}

static void
rise(struct vhost_port *port, uint32_t place)
{
	for (; place > 1 && heap[place / 2]->due_ms > port->due_ms; place /= 2)
		put(heap[place / 2], place);
	put(port, place);
}

static void
sink(struct vhost_port *port, uint32_t place)
{
	for (;;) {
		uint32_t child = 2 * place;

		if (child < n && heap[child + 1]->due_ms < heap[child]->due_ms)
			child++;
		if (child > n || heap[child]->due_ms >= port->due_ms)
			break;
		put(heap[child], place);
		place = child;
	}
	put(port, place);
}

static void
take_out(struct vhost_port *port)
{
	struct vhost_port *last = heap[n--];
	uint32_t place = port->agenda;

	port->agenda = 0;
	if (last == port)
		return;
	rise(last, place);
	sink(last, last->agenda);
}

void
vhost_agenda_set(struct vhost_port *port, uint64_t due_ms)
{
	if (port->agenda)
		take_out(port);
	port->due_ms = due_ms;
	if (due_ms != VHOST_NEVER)
		rise(port, ++n);
}

uint64_t
vhost_agenda_next(void)
{
	return n ? heap[1]->due_ms : VHOST_NEVER;
}

struct vhost_port *
vhost_agenda_take(uint64_t now_ms)
{
	struct vhost_port *port = n ? heap[1] : NULL;

	if (port == NULL || port->due_ms > now_ms)
		return NULL;
	take_out(port);
	return port;
}
