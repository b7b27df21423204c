// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "regions.h"

#include <errno.h>
#include <stdio.h>

#include "port.h"
#include "trash.h"
#include "trouble.h"

static_assert(GUEST_MAX_AGAIN == WEFT_MAX_QUEUE_PAIRS - 1, "once for each queue pair");

static void
throw_away(struct vhost_port *port, struct vhost_memory *memory)
{
	struct vhost_trash *trash = memory ? vhost_trash_new() : NULL;

	vhost_trash_memory(trash, memory);
	vhost_trash_out(trash, &port->trash);
}

// The new table is built aside and takes the old one's place as a whole.
int
vhost_set_mem_table(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_memory *memory;
	uint32_t n = m->payload.table.n;
	char why[240];

	if (n == 0 || n > VHOST_TABLE_REGIONS || m->n_fds != n || m->header.size != 8 + n * sizeof(struct vhost_region))
		return vhost_refuse(port, EINVAL, "sent SET_MEM_TABLE with %u regions, %u descriptors and %u bytes", n,
			m->n_fds, m->header.size);
	memory = weft_guest_memory_new();
	if (memory == NULL)
		return vhost_refuse(port, ENOMEM, "has memory for which weftd has none");
	for (uint32_t i = 0; i < n; i++) {
		int ret = weft_guest_memory_add(memory, &m->payload.table.region[i], m->fds[i], why, sizeof(why));

		if (ret) {
			throw_away(port, memory);
			return vhost_refuse(port, -ret, "%s", why);
		}
		vhost_message_take(m, i);
	}
	throw_away(port, port->memory);
	port->memory = memory;
	return 0;
}

int
vhost_get_max_mem_slots(struct vhost_port *port __rte_unused, struct vhost_message *m)
{
	m->payload.u64 = GUEST_MAX_REGIONS;
	m->header.size = sizeof(m->payload.u64);
	return VHOST_ANSWER;
}

int
vhost_add_mem_reg(struct vhost_port *port, struct vhost_message *m)
{
	char why[240];
	int ret;

	if (port->memory == NULL)
		port->memory = weft_guest_memory_new();
	if (port->memory == NULL)
		return vhost_refuse(port, ENOMEM, "has memory for which weftd has none");
	if (weft_guest_memory_again(port->memory, &m->payload.one.region, m->fds[0]))
		return 0;
	ret = weft_guest_memory_add(port->memory, &m->payload.one.region, m->fds[0], why, sizeof(why));
	if (ret)
		return vhost_refuse(port, -ret, "%s", why);
	vhost_message_take(m, 0);
	return 0;
}

int
vhost_rem_mem_reg(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_memory *gone = weft_guest_memory_new();

	if (gone && port->memory && weft_guest_memory_remove(port->memory, &m->payload.one.region, gone) == 0) {
		throw_away(port, gone);
		return 0;
	}
	weft_guest_memory_free(gone);
	return vhost_refuse(port, ENOENT, "took out a memory region that it did not add");
}

int
vhost_set_log_base(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_log log = { 0 };
	struct vhost_trash *trash;
	int ret = weft_dirty_log_map(&log, m->fds[0], m->payload.log.offset, m->payload.log.size);

	if (ret)
		return vhost_refuse(
			port, -ret, "has a dirty log that is empty, longer than its file, or than any guest needs");
	vhost_message_take(m, 0);
	trash = port->log.bits ? vhost_trash_new() : NULL;
	vhost_trash_window(trash, &port->log.window);
	vhost_trash_out(trash, &port->trash);
	port->log = log;
	m->header.size = 0;
	return VHOST_ANSWER;
}

// weft does not say that it has written to the log: QEMU looks by itself.
int
vhost_set_log_fd(struct vhost_port *port __rte_unused, struct vhost_message *m __rte_unused)
{
	return 0;
}

int
vhost_get_inflight_fd(struct vhost_port *port, struct vhost_message *m)
{
	int fd =
		weft_inflight_make(&m->payload.inflight, vhost_has(atomic_load(&port->features), VIRTIO_F_RING_PACKED));

	if (fd < 0)
		return vhost_refuse(port, -fd, "asked for in-flight pages for %u rings of %u entries",
			m->payload.inflight.n_queues, m->payload.inflight.queue_size);
	m->fds[0] = fd;
	m->n_fds = 1;
	return VHOST_ANSWER;
}

int
vhost_set_inflight_fd(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_inflight inflight = { 0 };
	struct vhost_trash *trash;
	int ret = weft_inflight_map(&inflight, &m->payload.inflight, m->fds[0],
		vhost_has(atomic_load(&port->features), VIRTIO_F_RING_PACKED));

	if (ret)
		return vhost_refuse(port, -ret, "has in-flight pages that do not fit its rings, or their file");
	vhost_message_take(m, 0);
	// Its file may be large, and this the last to have it.
	trash = port->inflight.base ? vhost_trash_new() : NULL;
	vhost_trash_window(trash, &port->inflight.window);
	vhost_trash_out(trash, &port->trash);
	port->inflight = inflight;
	return 0;
}
