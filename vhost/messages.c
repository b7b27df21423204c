// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft looks at each message of a front end before and after the library handles it. It suspends the rings meanwhile,
// checks what the library would believe without a check, and names the features that a guest insists on.
//
// Messages: vhost-user's specification (QEMU, docs/interop/vhost-user.rst). The library passes a pointer to void: its
// own structure, which begins with the message as it came over the socket.
#include "messages.h"

#include <stdio.h>
#include <string.h>

#include "port.h"
#include "registry.h"
#include "rings.h"
#include "sigbus.h"
#include "trouble.h"

enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_VRING_KICK = 12,
	GET_PROTOCOL_FEATURES = 15,
	GET_QUEUE_NUM = 17,
	SEND_RARP = 19,
	GET_INFLIGHT_FD = 31,
	SET_INFLIGHT_FD = 32,
	GET_STATUS = 40,
};

struct message {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
	union {
		uint64_t u64;
		uint8_t mac[6];
		struct {
			uint64_t mmap_size;
			uint64_t mmap_offset;
			uint16_t queues;
			uint16_t queue_size;
			uint32_t padding;
		} __rte_packed inflight;
	} __rte_packed;
} __rte_packed;

// Features by their numbers, and the argument of QEMU's device that turns each off.
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

// Names the first feature that the guest wants and weft does not offer, and how to turn it off. The library closes the
// connection.
static void
name_refused(struct vhost_port *port, uint64_t wanted)
{
	uint64_t offered = 0, refused;

	rte_vhost_driver_get_features(port->path, &offered);
	refused = wanted & ~offered;
	for (unsigned int i = 0; refused && i < RTE_DIM(features); i++) {
		if (refused >> features[i].bit & 1) {
			vhost_trouble_set(port,
				"the guest insists on %s (feature %u), which weft does not offer: "
				"start QEMU's device with %s",
				features[i].name, features[i].bit, features[i].off);
			return;
		}
	}
	if (refused)
		vhost_trouble_set(
			port, "the guest insists on feature %d, which weft does not offer", __builtin_ctzll(refused));
}

// Checks a message about in-flight pages. The library writes to as many pages as the front end says, without a check
// that they are that long. And it keeps pointers into the pages that it had when it is asked for others, or gets pages
// for fewer rings.
static bool
inflight_is_sound(struct vhost_port *port, const struct message *m, bool packed)
{
	uint64_t item =
		packed ? sizeof(struct rte_vhost_inflight_desc_packed) : sizeof(struct rte_vhost_inflight_desc_split);
	uint64_t head =
		packed ? sizeof(struct rte_vhost_inflight_info_packed) : sizeof(struct rte_vhost_inflight_info_split);
	uint64_t ring = RTE_ALIGN_CEIL(head + item * m->inflight.queue_size, (uint64_t)RTE_CACHE_LINE_SIZE);

	if (m->size != sizeof(m->inflight) || m->inflight.queues > RTE_DIM(port->rings) ||
		m->inflight.queue_size > 32768)
		return false;
	if (m->request == GET_INFLIGHT_FD)
		return port->inflight_queues == 0;
	return m->inflight.mmap_size >= ring * m->inflight.queues && m->inflight.queues >= port->inflight_queues;
}

// Whether the message changes nothing that a ring depends on.
static bool
is_harmless(uint32_t request)
{
	return request == GET_FEATURES || request == GET_PROTOCOL_FEATURES || request == GET_QUEUE_NUM ||
	       request == SEND_RARP || request == GET_STATUS;
}

// Whether the front end has cut its memory short. Each access to what is gone costs a mapping, and mappings are
// limited, so a front end that did it once is not served any more.
static bool
is_cut(struct vhost_port *port)
{
	if (!atomic_load(&port->cut))
		return false;
	vhost_trouble_set(port, VHOST_CUT_TEXT);
	return true;
}

static enum rte_vhost_msg_result
before(int vid, void *msg)
{
	struct vhost_port *port = vhost_registry_of(vid);
	const struct message *m = msg;
	uint64_t negotiated = 0, rarp = VHOST_RARP_WANTED;

	// Until the next message, of any front end: the library and new_device() access rings after this message too.
	vhost_expose(port);
	if (port == NULL)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	if (is_cut(port))
		return RTE_VHOST_MSG_RESULT_ERR;
	if (!port->library && !is_harmless(m->request))
		vhost_rings_suspend(port);
	switch (m->request) {
	case SET_FEATURES:
		name_refused(port, m->u64);
		break;
	case SET_VRING_KICK:
		if ((m->u64 & 0xff) < RTE_DIM(port->rings) && !port->library)
			atomic_store(&port->rings[m->u64 & 0xff].fault, VHOST_FAULT_NONE);
		break;
	case GET_INFLIGHT_FD:
	case SET_INFLIGHT_FD:
		rte_vhost_get_negotiated_features(vid, &negotiated);
		if (port->library || !inflight_is_sound(port, m, negotiated >> VIRTIO_F_RING_PACKED & 1)) {
			vhost_trouble_set(
				port, "the front end's in-flight pages do not fit its rings, or the ones that it has");
			return RTE_VHOST_MSG_RESULT_ERR;
		}
		if (m->request == SET_INFLIGHT_FD) {
			port->inflight_size = m->inflight.queue_size;
			port->inflight_queues = m->inflight.queues;
		}
		break;
	case SEND_RARP:
		// With its own rings, the library sends the RARP.
		for (unsigned int i = 0; i < sizeof(m->mac); i++)
			rarp |= (uint64_t)m->mac[i] << 8 * i;
		if (!port->library)
			atomic_store(&port->rarp, rarp);
		break;
	default:
		break;
	}
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

static enum rte_vhost_msg_result
after(int vid, void *msg __rte_unused)
{
	struct vhost_port *port = vhost_registry_of(vid);

	if (port == NULL)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	vhost_rings_resume(port);
	return is_cut(port) ? RTE_VHOST_MSG_RESULT_ERR : RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

const struct rte_vhost_user_extern_ops vhost_message_ops = { .pre_msg_handle = before, .post_msg_handle = after };
