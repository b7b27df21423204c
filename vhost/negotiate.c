// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "negotiate.h"

#include <errno.h>

#include "device.h"
#include "port.h"
#include "trouble.h"

// No segmentation or checksum offload: every frame is complete.
#define FEATURES                                                                                                       \
	(1ULL << VIRTIO_NET_F_MTU | 1ULL << VIRTIO_NET_F_MRG_RXBUF | 1ULL << VIRTIO_NET_F_CTRL_VQ |                    \
		1ULL << VIRTIO_NET_F_CTRL_RX | 1ULL << VIRTIO_NET_F_GUEST_ANNOUNCE | 1ULL << VIRTIO_NET_F_MQ |         \
		1ULL << VHOST_F_LOG_ALL | 1ULL << VIRTIO_F_ANY_LAYOUT | 1ULL << VIRTIO_RING_F_INDIRECT_DESC |          \
		1ULL << VIRTIO_RING_F_EVENT_IDX | 1ULL << VHOST_F_PROTOCOL_FEATURES | 1ULL << VIRTIO_F_VERSION_1 |     \
		1ULL << VIRTIO_F_RING_PACKED | 1ULL << VIRTIO_F_IN_ORDER)

// Neither postcopy (it would hand out a descriptor of weftd's address space) nor an IOTLB.
#define PROTOCOL_FEATURES                                                                                              \
	(1ULL << VHOST_PROTOCOL_MQ | 1ULL << VHOST_PROTOCOL_LOG_SHMFD | 1ULL << VHOST_PROTOCOL_RARP |                  \
		1ULL << VHOST_PROTOCOL_REPLY_ACK | 1ULL << VHOST_PROTOCOL_MTU |                                        \
		1ULL << VHOST_PROTOCOL_INFLIGHT_SHMFD | 1ULL << VHOST_PROTOCOL_CONFIGURE_SLOTS |                       \
		1ULL << VHOST_PROTOCOL_STATUS)

// Features by their numbers, and the argument of QEMU's device that turns each of them off.
static const struct {
	uint8_t bit;
	const char *name;
	const char *off;
} features[] = {
	{ VIRTIO_NET_F_CSUM, "transmit checksum offload", "csum=off" },
	{ VIRTIO_NET_F_GUEST_CSUM, "receive checksum offload", "guest_csum=off" },
	{ 2, "control of guest offloads", "ctrl_guest_offloads=off" },
	{ VIRTIO_NET_F_MTU, "MTU", "host_mtu=0" },
	{ 6, "legacy segmentation offload", "gso=off" },
	{ VIRTIO_NET_F_GUEST_TSO4, "receive segmentation offload for IPv4", "guest_tso4=off" },
	{ VIRTIO_NET_F_GUEST_TSO6, "receive segmentation offload for IPv6", "guest_tso6=off" },
	{ VIRTIO_NET_F_GUEST_ECN, "receive segmentation offload with ECN", "guest_ecn=off" },
	{ VIRTIO_NET_F_GUEST_UFO, "receive fragmentation offload", "guest_ufo=off" },
	{ VIRTIO_NET_F_HOST_TSO4, "segmentation offload for IPv4", "host_tso4=off" },
	{ VIRTIO_NET_F_HOST_TSO6, "segmentation offload for IPv6", "host_tso6=off" },
	{ VIRTIO_NET_F_HOST_ECN, "segmentation offload with ECN", "host_ecn=off" },
	{ VIRTIO_NET_F_HOST_UFO, "fragmentation offload", "host_ufo=off" },
	{ VIRTIO_NET_F_MRG_RXBUF, "mergeable receive buffers", "mrg_rxbuf=off" },
	{ VIRTIO_NET_F_CTRL_VLAN, "VLAN filter", "ctrl_vlan=off" },
	{ VIRTIO_NET_F_CTRL_MAC_ADDR, "change of MAC", "ctrl_mac_addr=off" },
	{ VIRTIO_NET_F_MQ, "several queue pairs", "mq=off" },
	{ VIRTIO_RING_F_INDIRECT_DESC, "indirect descriptors", "indirect_desc=off" },
	{ VIRTIO_RING_F_EVENT_IDX, "event index", "event_idx=off" },
	{ VIRTIO_F_VERSION_1, "virtio 1", "disable-modern=on" },
	{ VIRTIO_F_IOMMU_PLATFORM, "IOMMU", "iommu_platform=off" },
	{ VIRTIO_F_RING_PACKED, "packed rings", "packed=off" },
	{ VIRTIO_F_IN_ORDER, "in-order rings", "in_order=off" },
	{ 38, "notification data", "notification_data=off" },
	{ 40, "reset of one queue", "queue_reset=off" },
	{ 54, "receive segmentation offload for UDP over IPv4", "guest_uso4=off" },
	{ 55, "receive segmentation offload for UDP over IPv6", "guest_uso6=off" },
	{ 56, "segmentation offload for UDP", "host_uso=off" },
	{ 57, "hash report", "hash=off" },
	{ 60, "receive-side scaling", "rss=off" },
};

// The first feature that the guest wants and weft does not offer, by name, with how to turn it off.
static int
refuse_feature(struct vhost_port *port, uint64_t refused)
{
	for (unsigned int i = 0; i < RTE_DIM(features); i++) {
		if (!vhost_has(refused, features[i].bit))
			continue;
		vhost_trouble_set(port,
			"the guest insists on %s (feature %u), which weft does not offer: start QEMU's device with %s",
			features[i].name, features[i].bit, features[i].off);
		return -EINVAL;
	}
	vhost_trouble_set(port, "the guest insists on feature %d, which weft does not offer", __builtin_ctzll(refused));
	return -EINVAL;
}

static int
answer(struct vhost_message *m, uint64_t value)
{
	m->payload.u64 = value;
	m->header.size = sizeof(value);
	return VHOST_ANSWER;
}

static bool
is_started(const struct vhost_port *port)
{
	for (uint16_t q = 0; q < VHOST_N_RINGS; q++) {
		if (port->vrings[q].started)
			return true;
	}
	return false;
}

int
vhost_get_features(struct vhost_port *port __rte_unused, struct vhost_message *m)
{
	return answer(m, FEATURES);
}

int
vhost_set_features(struct vhost_port *port, struct vhost_message *m)
{
	uint64_t wanted = m->payload.u64, changed = wanted ^ atomic_load(&port->features);

	if (wanted & ~FEATURES)
		return refuse_feature(port, wanted & ~FEATURES);
	// How a ring is laid out follows from the features. Only the dirty log is turned on and off while rings run.
	if (changed & ~(1ULL << VHOST_F_LOG_ALL) && is_started(port))
		return vhost_refuse(port, EBUSY, "changed features while a ring runs");
	atomic_store(&port->features, wanted);
	port->negotiated = true;
	return 0;
}

int
vhost_set_owner(struct vhost_port *port __rte_unused, struct vhost_message *m __rte_unused)
{
	return 0;
}

// Deprecated; "disable all rings" is what front ends may expect of it.
int
vhost_reset_owner(struct vhost_port *port, struct vhost_message *m __rte_unused)
{
	for (uint16_t q = 0; q < VHOST_N_RINGS; q++) {
		vhost_device_stop_ring(port, q);
		port->vrings[q].enabled = false;
	}
	return 0;
}

int
vhost_get_protocol_features(struct vhost_port *port __rte_unused, struct vhost_message *m)
{
	return answer(m, PROTOCOL_FEATURES);
}

int
vhost_set_protocol_features(struct vhost_port *port, struct vhost_message *m)
{
	uint64_t refused = m->payload.u64 & ~PROTOCOL_FEATURES;

	if (refused) {
		unsigned int bit = (unsigned int)__builtin_ctzll(refused);

		return vhost_refuse(port, EINVAL, "wants the protocol feature %s (%u), which weft does not offer",
			vhost_protocol_name(bit), bit);
	}
	port->protocol = m->payload.u64;
	return 0;
}

int
vhost_get_queue_num(struct vhost_port *port __rte_unused, struct vhost_message *m)
{
	return answer(m, WEFT_MAX_QUEUE_PAIRS);
}

int
vhost_set_status(struct vhost_port *port, struct vhost_message *m)
{
	if (m->payload.u64 > UINT8_MAX)
		return vhost_refuse(port, EINVAL, "set a status of more than eight bits");
	port->status = (uint8_t)m->payload.u64;
	// 0 resets the device (VIRTIO 1.1, 2.1).
	if (port->status == 0)
		return vhost_reset_owner(port, m);
	return 0;
}

int
vhost_get_status(struct vhost_port *port, struct vhost_message *m)
{
	return answer(m, port->status);
}

int
vhost_set_mtu(struct vhost_port *port, struct vhost_message *m)
{
	// VIRTIO 1.1, 5.1.4: 68 to 65535.
	if (m->payload.u64 < 68 || m->payload.u64 > UINT16_MAX)
		return vhost_refuse(port, EINVAL, "set an MTU of %llu", (unsigned long long)m->payload.u64);
	atomic_store(&port->mtu, (uint16_t)m->payload.u64);
	return 0;
}

int
vhost_send_rarp(struct vhost_port *port, struct vhost_message *m)
{
	atomic_store(&port->rarp, VHOST_RARP_WANTED | (m->payload.u64 & UINT64_C(0xffffffffffff)));
	return 0;
}
