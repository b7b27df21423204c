// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "vrings.h"

#include <errno.h>
#include <unistd.h>

#include "device.h"
#include "port.h"
#include "trouble.h"

// The ring that a message names, or NULL: it is refused.
static struct vhost_vring *
ring_of(struct vhost_port *port, const struct vhost_message *m, uint32_t index)
{
	if (index < VHOST_N_RINGS)
		return &port->vrings[index];
	vhost_refuse(port, EINVAL, "sent %s for ring %u, and a port has %u", vhost_request_name(m->header.request),
		index, VHOST_N_RINGS);
	return NULL;
}

// A ring that has not been started, or NULL: what a started one depends on does not change.
static struct vhost_vring *
idle_ring_of(struct vhost_port *port, const struct vhost_message *m, uint32_t index)
{
	struct vhost_vring *vring = ring_of(port, m, index);

	if (vring == NULL || !vring->started)
		return vring;
	vhost_refuse(port, EBUSY, "sent %s for ring %u, which runs", vhost_request_name(m->header.request), index);
	return NULL;
}

int
vhost_set_vring_num(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_vring *vring = idle_ring_of(port, m, m->payload.state.index);

	if (vring == NULL)
		return -EINVAL;
	if (m->payload.state.num == 0 || m->payload.state.num > 32768)
		return vhost_refuse(port, EINVAL, "made a ring of %u entries", m->payload.state.num);
	vring->size = (uint16_t)m->payload.state.num;
	return 0;
}

// QEMU sends the addresses again while a ring runs, when it turns the dirty log on or off.
int
vhost_set_vring_addr(struct vhost_port *port, struct vhost_message *m)
{
	const struct vhost_vring_addr *addr = &m->payload.addr;
	struct vhost_vring *vring = ring_of(port, m, addr->index);

	if (vring == NULL)
		return -EINVAL;
	if (vring->started &&
		(addr->desc != vring->addr.desc || addr->avail != vring->addr.avail || addr->used != vring->addr.used))
		return vhost_refuse(port, EBUSY, "moved ring %u, which runs", addr->index);
	vring->addr = *addr;
	vring->addressed = true;
	return 0;
}

int
vhost_set_vring_base(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_vring *vring = idle_ring_of(port, m, m->payload.state.index);

	if (vring == NULL)
		return -EINVAL;
	vring->base = (uint16_t)m->payload.state.num;
	vring->placed = false;
	return 0;
}

// Ends the ring. A packed ring's place is said twice, for what was available and what was used: nothing is in flight.
int
vhost_get_vring_base(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_vring *vring = ring_of(port, m, m->payload.state.index);
	bool packed = vhost_has(atomic_load(&port->features), VIRTIO_F_RING_PACKED);

	if (vring == NULL)
		return -EINVAL;
	vhost_device_stop_ring(port, (uint16_t)m->payload.state.index);
	m->payload.state.num = packed ? vring->base | (uint32_t)vring->base << 16 : vring->base;
	m->header.size = sizeof(m->payload.state);
	return VHOST_ANSWER;
}

// The ring and the descriptor of a message that may have one. False: it is refused.
static bool
descriptor_of(struct vhost_port *port, struct vhost_message *m, struct vhost_vring **vring)
{
	bool none = m->payload.u64 & VHOST_VRING_NO_FD;

	*vring = ring_of(port, m, m->payload.u64 & VHOST_VRING_INDEX);
	if (*vring == NULL)
		return false;
	if (m->n_fds == (none ? 0 : 1))
		return true;
	vhost_refuse(port, EINVAL, "sent %s with %u descriptors", vhost_request_name(m->header.request), m->n_fds);
	return false;
}

// Starts the ring. The descriptor is not kept: weft polls.
int
vhost_set_vring_kick(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_vring *vring;

	if (!descriptor_of(port, m, &vring))
		return -EINVAL;
	atomic_store(&port->rings[vring - port->vrings].fault, VHOST_FAULT_NONE);
	vring->started = true;
	return 0;
}

int
vhost_set_vring_call(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_vring *vring;

	if (!descriptor_of(port, m, &vring))
		return -EINVAL;
	if (vring->call >= 0)
		close(vring->call);
	vring->call = vhost_message_take(m, 0);
	return 0;
}

int
vhost_set_vring_err(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_vring *vring;

	return descriptor_of(port, m, &vring) ? 0 : -EINVAL;
}

int
vhost_set_vring_enable(struct vhost_port *port, struct vhost_message *m)
{
	struct vhost_vring *vring = ring_of(port, m, m->payload.state.index);

	if (vring == NULL)
		return -EINVAL;
	if (m->payload.state.num > 1)
		return vhost_refuse(port, EINVAL, "sent SET_VRING_ENABLE with %u", m->payload.state.num);
	vring->enabled = m->payload.state.num;
	return 0;
}
