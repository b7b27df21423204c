// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The worker's own rings take no lock of the library. So before anything under them may change (memory, addresses,
// descriptors of files, features), the rings are suspended: the worker is told, and has finished its round. Then they
// are loaded again from what the library knows. The event thread may hold the library's locks for this device
// meanwhile: the workers need none of them.
#include "rings.h"

#include <stdlib.h>
#include <string.h>

#include "dirty_log.h"
#include "library.h"
#include "packed.h"
#include "port.h"
#include "split.h"

static bool
is_enabled(struct vhost_port *port, uint16_t q)
{
	return atomic_load(q % 2 ? &port->from_guest : &port->to_guest) >> (q / 2) & 1;
}

// The guest's physical address of what is mapped at P; 0: it is not the guest's.
static uint64_t
gpa_of(const struct guest_memory *mem, const void *p)
{
	for (uint32_t i = 0; i < mem->n; i++) {
		uint64_t off = (uint64_t)((uintptr_t)p - (uintptr_t)mem->regions[i].hva);

		if (off < mem->regions[i].size)
			return mem->regions[i].gpa + off;
	}
	return 0;
}

static void
load_memory(struct vhost_port *port)
{
	struct rte_vhost_memory *table = NULL;

	port->memory.n = 0;
	if (rte_vhost_get_mem_table(port->vid, &table))
		return;
	for (uint32_t i = 0; i < table->nregions && i < GUEST_MAX_REGIONS; i++)
		port->memory.regions[port->memory.n++] = (struct guest_region){
			.gpa = table->regions[i].guest_phys_addr,
			.size = table->regions[i].size,
			.hva = (uint8_t *)(uintptr_t)table->regions[i].host_user_addr,
		};
	free(table);
}

static bool
is_sound(const struct vhost_ring *ring, bool packed)
{
	if (ring->desc == NULL || ring->avail == NULL || ring->used == NULL || ring->size == 0 || ring->size > 32768)
		return false;
	if ((uintptr_t)ring->desc % 16 || (uintptr_t)ring->avail % (packed ? 4 : 2) || (uintptr_t)ring->used % 4)
		return false;
	return packed || (ring->size & (ring->size - 1)) == 0;
}

// The rings are polled: tells the guest not to kick (2.6.10, 2.7.10).
static void
disable_kicks(struct vhost_ring *ring, bool packed)
{
	uint64_t gpa = gpa_of(ring->mem, ring->used);

	if (packed)
		ring->device_event->flags = VRING_PACKED_EVENT_FLAG_DISABLE;
	else
		ring->used->flags = VRING_USED_F_NO_NOTIFY;
	if (ring->log)
		vhost_dirty_log_mark(ring, gpa, sizeof(uint32_t));
}

// Finds the index at which the ring goes on.
static void
find_place(struct vhost_port *port, struct vhost_ring *ring, bool packed)
{
	struct rte_vhost_ring_inflight kept = { 0 };
	uint16_t avail = 0, used = 0;

	rte_vhost_get_vring_base(port->vid, ring->index, &avail, &used);
	ring->next = packed ? used & 0x7fff : used;
	ring->wrap = used >> 15;
	ring->inflight = NULL;
	if (packed && ring->size <= port->inflight_size &&
		rte_vhost_get_vhost_ring_inflight(port->vid, ring->index, &kept) == 0)
		ring->inflight = kept.inflight_packed;
	if (packed && ring->next >= ring->size)
		ring->next = 0;
	if (ring->inflight)
		vhost_packed_recover(ring);
	ring->seen = ring->signalled = ring->next;
}

static void
load(struct vhost_port *port, uint16_t q)
{
	struct vhost_ring *ring = &port->rings[q];
	uint64_t features = atomic_load(&port->features);
	bool packed = features >> VIRTIO_F_RING_PACKED & 1;
	struct rte_vhost_vring vring = { 0 };

	ring->vid = port->vid;
	ring->index = q;
	ring->to_guest = q % 2 == 0;
	ring->ops = port->library ? &vhost_library_ops : packed ? &vhost_packed_ops : &vhost_split_ops;
	ring->fresh = true;
	if (port->library)
		return;
	if (rte_vhost_get_vhost_vring(port->vid, q, &vring))
		memset(&vring, 0, sizeof(vring));
	ring->desc = vring.desc;
	ring->avail = vring.avail;
	ring->used = vring.used;
	ring->size = vring.size;
	ring->callfd = vring.callfd;
	ring->mem = &port->memory;
	ring->hot = 0;
	ring->header = features & (1ULL << VIRTIO_NET_F_MRG_RXBUF | 1ULL << VIRTIO_F_VERSION_1) || packed
			       ? sizeof(struct virtio_net_hdr_mrg_rxbuf)
			       : sizeof(struct virtio_net_hdr);
	ring->mergeable = features >> VIRTIO_NET_F_MRG_RXBUF & 1;
	ring->in_order = features >> VIRTIO_F_IN_ORDER & 1;
	ring->event_idx = features >> VIRTIO_RING_F_EVENT_IDX & 1;
	ring->indirect = features >> VIRTIO_RING_F_INDIRECT_DESC & 1;
	ring->log = RTE_VHOST_NEED_LOG(features) != 0;
	ring->mark = vhost_dirty_log_mark;
	ring->pending = false;
	if (!is_sound(ring, packed)) {
		atomic_store(&ring->fault, VHOST_FAULT_SETUP);
		return;
	}
	ring->used_gpa = gpa_of(ring->mem, packed ? (const void *)ring->packed : ring->used);
	find_place(port, ring, packed);
	disable_kicks(ring, packed);
}

void
vhost_rings_suspend(struct vhost_port *port)
{
	if (!atomic_load(&port->running))
		return;
	atomic_store_explicit(&port->running, false, memory_order_release);
	port->io->quiesce();
	for (uint16_t q = 0; q < RTE_DIM(port->rings) && !port->library; q++) {
		const struct vhost_ring *ring = &port->rings[q];
		uint16_t place = ring->ops == &vhost_packed_ops ? ring->next | ring->wrap << 15 : ring->next;

		// The library tells this place to the front end when it asks how far the ring is, for the next owner.
		if (is_enabled(port, q) && atomic_load(&ring->fault) != VHOST_FAULT_SETUP)
			rte_vhost_set_vring_base(port->vid, q, place, place);
	}
}

void
vhost_rings_resume(struct vhost_port *port)
{
	uint64_t features = 0;

	if (port->vid < 0 || atomic_load(&port->running))
		return;
	rte_vhost_get_negotiated_features(port->vid, &features);
	atomic_store(&port->features, features);
	load_memory(port);
	for (uint16_t q = 0; q < RTE_DIM(port->rings); q++) {
		if (port->library || is_enabled(port, q))
			load(port, q);
	}
	atomic_store_explicit(&port->running, true, memory_order_release);
}
