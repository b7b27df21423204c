// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "device.h"

#include <string.h>
#include <unistd.h>

#include "vhost/rings/call.h"
#include "vhost/rings/packed.h"
#include "vhost/rings/split.h"

#include "guard.h"
#include "port.h"
#include "stall.h"
#include "trash.h"
#include "trouble.h"
#include "wake.h"

#define MAX_SIZE 32768 // entries of a ring (VIRTIO 1.1, 2.6)

static bool
is_packed(const struct vhost_port *port)
{
	return vhost_has(atomic_load(&port->features), VIRTIO_F_RING_PACKED);
}

// Where the SIZE bytes at the front end's address USER are mapped. NULL: they are not, or misaligned.
static void *
part(const struct vhost_port *port, uint64_t user, uint64_t size, uint64_t align)
{
	return user % align ? NULL : weft_guest_memory_user(port->memory, user, size);
}

// Finds where a ring's three parts are mapped. Each lies whole in one region of the guest's memory, with the event words that
// go with it (VIRTIO 1.1, 2.6, 2.7). Else returns a fault, and *VALUE is what is wrong.
static enum vhost_fault
translate(const struct vhost_port *port, const struct vhost_vring *vring, struct vhost_ring *ring, bool packed,
	uint64_t *value)
{
	uint64_t size = vring->size, event = ring->event_idx ? sizeof(uint16_t) : 0;
	uint64_t desc = size * sizeof(struct vring_desc), avail, used;

	*value = size;
	if (size == 0 || size > MAX_SIZE || (!packed && (size & (size - 1))))
		return VHOST_FAULT_SIZE;
	if (packed) {
		avail = used = sizeof(struct vring_packed_desc_event);
	} else {
		avail = sizeof(struct vring_avail) + size * sizeof(uint16_t) + event;
		used = sizeof(struct vring_used) + size * sizeof(struct vring_used_elem) + event;
	}
	*value = vring->addr.desc;
	ring->desc = part(port, *value, desc, 16);
	if (ring->desc == NULL)
		return VHOST_FAULT_SETUP;
	*value = vring->addr.avail;
	ring->avail = part(port, *value, avail, packed ? 4 : 2);
	if (ring->avail == NULL)
		return VHOST_FAULT_SETUP;
	*value = vring->addr.used;
	ring->used = part(port, *value, used, 4);
	return ring->used ? VHOST_FAULT_NONE : VHOST_FAULT_SETUP;
}

// Tells the guest not to kick: workers poll (VIRTIO 1.1, 2.6.10, 2.7.10).
static void
silence(struct vhost_ring *ring, bool packed)
{
	if (packed)
		ring->device_event->flags = VRING_PACKED_EVENT_FLAG_DISABLE;
	else
		ring->used->flags = VRING_USED_F_NO_NOTIFY;
	if (ring->log)
		weft_dirty_log_mark(ring->log, weft_guest_memory_gpa(ring->mem, ring->used), sizeof(uint32_t));
}

// Finds where the ring goes on. A split ring that starts says so itself: its used index is right, whatever the front end
// remembers. A packed ring has no such index; in-flight pages have one. Nothing is in flight while rings are suspended.
static void
find_place(struct vhost_port *port, struct vhost_vring *vring, struct vhost_ring *ring, bool packed)
{
	uint16_t base = vring->base;

	if (!packed && !vring->placed)
		base = guest_read16(&ring->used->idx);
	ring->next = packed ? base & 0x7fff : base;
	ring->wrap = base >> 15;
	if (packed && ring->next >= ring->size)
		ring->next = 0;
	ring->inflight = packed ? weft_inflight_page(&port->inflight, ring->index, ring->size) : NULL;
	if (ring->inflight && !vring->placed)
		weft_packed_recover(ring);
	else if (ring->inflight)
		weft_packed_remember(ring);
	ring->seen = ring->signalled = ring->next;
}

// Interrupts the guest for buffers that were given back without an interrupt: by an earlier weftd that ended in between, or
// by the worker just before the rings were suspended.
static void
interrupt(struct vhost_port *port, const struct vhost_vring *vring, struct vhost_ring *ring)
{
	bool owed = ring->pending || !vring->placed;

	ring->pending = false;
	if (owed && ring->call >= 0 && !weft_call(ring))
		vhost_guard_stop(port, VHOST_FAULT_CALL);
}

static void
load_features(struct vhost_port *port, struct vhost_ring *ring, bool packed)
{
	uint64_t features = atomic_load(&port->features);

	ring->ops = packed ? &weft_packed_ops : &weft_split_ops;
	ring->header = packed || features & (1ULL << VIRTIO_NET_F_MRG_RXBUF | 1ULL << VIRTIO_F_VERSION_1)
			       ? sizeof(struct virtio_net_hdr_mrg_rxbuf)
			       : sizeof(struct virtio_net_hdr);
	ring->mergeable = vhost_has(features, VIRTIO_NET_F_MRG_RXBUF);
	ring->in_order = vhost_has(features, VIRTIO_F_IN_ORDER);
	ring->event_idx = vhost_has(features, VIRTIO_RING_F_EVENT_IDX);
	ring->indirect = vhost_has(features, VIRTIO_RING_F_INDIRECT_DESC);
	ring->log = vhost_has(features, VHOST_F_LOG_ALL) && port->log.bits ? &port->log : NULL;
}

// A worker has stopped RING for a fault.
static void
ring_stopped(struct vhost_ring *ring)
{
	vhost_wake_for(container_of(ring - ring->index, struct vhost_port, rings[0]));
}

// Makes the ring Q what workers use. False: its memory is not that of a ring.
static bool
load(struct vhost_port *port, uint16_t q)
{
	struct vhost_vring *vring = &port->vrings[q];
	struct vhost_ring *ring = &port->rings[q];
	bool packed = is_packed(port);
	enum vhost_fault fault;
	uint64_t value;

	ring->index = q;
	ring->to_guest = q % 2 == 0;
	ring->fresh = true;
	ring->size = vring->size;
	ring->call = vring->call;
	ring->mem = &port->memory->table;
	ring->hot = 0;
	ring->stopped = ring_stopped;
	load_features(port, ring, packed);
	fault = translate(port, vring, ring, packed, &value);
	if (fault) {
		atomic_store(&ring->fault_value, value);
		atomic_store(&ring->fault, fault);
		return false;
	}
	// What was wrong with its size, its memory or its addresses may be right now.
	if (weft_ring_fault_is_setup(atomic_load(&ring->fault)))
		atomic_store(&ring->fault, VHOST_FAULT_NONE);
	ring->used_gpa = weft_guest_memory_gpa(ring->mem, packed ? (const void *)ring->packed : ring->used);
	find_place(port, vring, ring, packed);
	silence(ring, packed);
	interrupt(port, vring, ring);
	vring->placed = true;
	return true;
}

// A ring runs once it is started and enabled, and all that it needs has been said (vhost-user's specification, "Ring
// states"). That is so except for the guest's memory.
static bool
wants_to_run(const struct vhost_port *port, uint16_t q)
{
	const struct vhost_vring *vring = &port->vrings[q];
	bool enabled = vring->enabled || !vhost_has(atomic_load(&port->features), VHOST_F_PROTOCOL_FEATURES);

	return port->negotiated && vring->size && vring->addressed && vring->started && enabled &&
	       q / 2 < port->max_queues;
}

// QEMU starts the rings of a guest whose memory is not shared, and says nothing.
static void
miss_memory(struct vhost_port *port)
{
	if (port->connection == NULL || port->connection->without_memory)
		return;
	port->connection->without_memory = true;
	vhost_trouble_set(port, "the front end starts rings and " GUEST_MEMORY_NONE_TEXT);
}

// A log that ends before memory does is used as it is: QEMU may end when weft refuses it. Writes behind its end are not logged.
static void
check_log(struct vhost_port *port)
{
	const struct guest_memory *table = port->memory ? &port->memory->table : NULL;
	uint64_t log_last = 0, memory_last = 0;

	if (table && table->n && port->log.bits && vhost_has(atomic_load(&port->features), VHOST_F_LOG_ALL)) {
		memory_last = table->regions[table->n - 1].gpa + (table->regions[table->n - 1].size - 1);
		log_last = weft_dirty_log_last(&port->log);
	}
	if (log_last < memory_last)
		vhost_trouble_log(port, log_last, memory_last);
	else
		vhost_trouble_log(port, 0, 0);
}

static void
load_all(struct vhost_port *port)
{
	uint32_t to_guest = 0, from_guest = 0;

	// An interrupt that blocks ends the connection: the next ring's would block too.
	for (uint16_t q = 0; q < VHOST_N_RINGS && atomic_load(&port->broken) == VHOST_FAULT_NONE; q++) {
		if (!wants_to_run(port, q))
			continue;
		if (port->memory == NULL || port->memory->table.n == 0)
			miss_memory(port);
		else if (load(port, q))
			*(q % 2 ? &from_guest : &to_guest) |= 1u << (q / 2);
	}
	atomic_store(&port->to_guest, to_guest);
	atomic_store(&port->from_guest, from_guest);
}

static bool
is_well(const struct vhost_port *port, uint16_t q)
{
	return atomic_load(&port->rings[q].fault) == VHOST_FAULT_NONE;
}

void
vhost_device_set_link(struct vhost_port *port)
{
	uint32_t pairs = 0, run = 0;
	bool up;

	if (port->suspended)
		return;
	if (atomic_load(&port->running))
		run = atomic_load(&port->to_guest) & atomic_load(&port->from_guest);
	for (uint16_t q = 0; q < VHOST_N_RINGS; q += 2) {
		if (is_well(port, q) && is_well(port, q + 1))
			pairs |= run & 1u << (q / 2);
	}
	atomic_store(&port->pairs, pairs);
	up = pairs != 0;
	if (up == atomic_load(&port->io->link))
		return;
	atomic_store(&port->io->link, up);
	if (!up) {
		if (vhost_trouble_may_log(port))
			WEFT_LOG(INFO, "event=link-down port=%s", port->name);
		return;
	}
	port->was_up = true;
	atomic_fetch_add(&port->connects, 1);
	// The error of an earlier guest is over.
	vhost_trouble_set(port, "%s", "");
	if (vhost_trouble_may_log(port))
		WEFT_LOG(INFO, "event=link-up port=%s features=0x%" PRIx64, port->name, atomic_load(&port->features));
}

void
vhost_device_suspend(struct vhost_port *port)
{
	port->suspended = true;
	if (!atomic_load(&port->running))
		return;
	atomic_store_explicit(&port->running, false, memory_order_release);
	port->io->quiesce();
	vhost_stall_rest();
	atomic_store(&port->to_guest, 0);
	atomic_store(&port->from_guest, 0);
	for (uint16_t q = 0; q < VHOST_N_RINGS; q++) {
		struct vhost_vring *vring = &port->vrings[q];
		const struct vhost_ring *ring = &port->rings[q];

		if (vring->placed)
			vring->base = is_packed(port) ? (uint16_t)(ring->next | ring->wrap << 15) : ring->next;
	}
}

// Notes how many queue pairs the front end has enabled.
static void
count_wanted(struct vhost_port *port)
{
	uint16_t n = VHOST_N_RINGS, wanted;

	while (n && !port->vrings[n - 1].enabled)
		n--;
	wanted = (uint16_t)((n + 1) / 2);
	if (atomic_exchange(&port->wanted, wanted) < wanted && wanted > port->max_queues && vhost_trouble_may_log(port))
		WEFT_LOG(WARNING,
			"event=guest-error port=%s socket=%s error=\"the guest wants %u queue pairs, the port has %u\"",
			port->name, port->path, wanted, port->max_queues);
}

void
vhost_device_resume(struct vhost_port *port)
{
	struct vhost_guard guard;
	uint32_t to_guest, from_guest;
	bool broken;

	if (!port->suspended)
		return;
	port->suspended = false;
	check_log(port);
	count_wanted(port);
	vhost_stall_watch();
	if (vhost_guard_enter(&guard, port))
		load_all(port);
	vhost_guard_leave();
	broken = atomic_load(&port->broken) != VHOST_FAULT_NONE;
	to_guest = broken ? 0 : atomic_load(&port->to_guest);
	from_guest = broken ? 0 : atomic_load(&port->from_guest);
	if ((to_guest | from_guest) == 0)
		vhost_stall_rest();
	atomic_store_explicit(&port->running, (to_guest | from_guest) != 0, memory_order_release);
	vhost_device_set_link(port);
}

void
vhost_device_stop_ring(struct vhost_port *port, uint16_t index)
{
	struct vhost_vring *vring = &port->vrings[index];

	vring->started = vring->placed = false;
	if (vring->call >= 0)
		close(vring->call);
	vring->call = -1;
	atomic_store(&port->rings[index].fault, VHOST_FAULT_NONE);
}

void
vhost_device_reset(struct vhost_port *port, struct vhost_trash *trash)
{
	for (uint16_t q = 0; q < VHOST_N_RINGS; q++) {
		vhost_trash_fd(trash, port->vrings[q].call);
		port->vrings[q] = (struct vhost_vring){ .call = -1 };
		memset(&port->rings[q], 0, sizeof(port->rings[q]));
	}
	vhost_trash_memory(trash, port->memory);
	port->memory = NULL;
	vhost_trash_window(trash, &port->log.window);
	port->log = (struct vhost_log){ 0 };
	vhost_trash_window(trash, &port->inflight.window);
	port->inflight = (struct vhost_inflight){ 0 };
	port->protocol = 0;
	port->negotiated = false;
	port->status = 0;
	atomic_store(&port->features, 0);
	atomic_store(&port->mtu, 0);
	atomic_store(&port->rarp, 0);
	atomic_store(&port->broken, VHOST_FAULT_NONE);
}
