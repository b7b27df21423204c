// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A port's device behind four functions: vhost-user and ethdev implement it, the engine calls it.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "weft/limits.h"
#include "weft/log.h"
#include "weft/wire.h"

enum weft_attach_type { WEFT_ATTACH_VHOST_USER, WEFT_ATTACH_ETH, WEFT_N_ATTACH_TYPES };

// What to attach to: filled in by control from a port object.
struct weft_attach {
	enum weft_attach_type type;
	char path[108];	 // vhost-user: the socket
	bool server;	 // vhost-user: weft listens
	bool dpdk_rings; // vhost-user: DPDK's ring code in place of weft's own
	uint16_t queues; // queue pairs at most
	uint16_t mtu;
	bool single;	  // eth: one queue, though there are more workers
	char device[256]; // eth: a DPDK device name with arguments
	bool shared;	  // eth: the kernel keeps the interface; see wire.h
	const char *name; // the port's name, for messages; valid during open only
};

#define WEFT_NO_DEVICE UINT16_MAX

struct weft_io_status {
	bool link;
	uint16_t queues;      // queue pairs in use
	uint16_t guest_mtu;   // 0: not known
	uint64_t connects;    // times that the link came up
	uint64_t features;    // negotiated virtio features, 0 for devices
	unsigned int ifindex; // of the kernel's interface that a device is on; 0: it is on none
	bool removed;	      // the device is being taken away: it is to be closed
	uint16_t device;      // of an Ethernet device: DPDK's number of it; of others WEFT_NO_DEVICE
	uint16_t eswitch;     // the switch in hardware that it is a port of; WEFT_NO_DEVICE: none that takes flows
	const char *offload;  // why it takes no flows; NULL: it does, or is no Ethernet device
	char error[160];      // last trouble, empty if none
};

struct weft_portio;

struct weft_io_ops {
	// Control thread. Opens the device for the slot's port: fills in portio->priv. Returns 0 or
	// -errno with ERR; nothing stays behind on failure.
	int (*open)(struct weft_portio *io, const struct weft_attach *attach, struct weft_error *err);
	// Control thread, when no worker uses the port any more.
	void (*close)(struct weft_portio *io);
	// Owner worker. Reads up to N packets, as long as *BYTES is above 0, and subtracts their lengths: the last may
	// overdraw.
	uint16_t (*rx)(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes);
	// Owner worker. Returns how many packets it took; those that it did not take stand at the end of PKTS,
	// and stay the caller's.
	uint16_t (*tx)(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n);
	// Owner worker, once at the end of a round in which it read from the port or wrote to it: interrupts the guest
	// if it wants that. NULL: nothing to do.
	void (*notify)(struct weft_portio *io);
	// Control thread. The device takes packets of MTU bytes from now on, or stays as it is. Returns 0 or -errno.
	// NULL: it takes any.
	int (*set_mtu)(struct weft_portio *io, uint16_t mtu);
	// Control thread.
	void (*status)(struct weft_portio *io, struct weft_io_status *status);
	// Control thread, of a shared device: what it takes from now on, and what it has taken. Returns 0 or -errno.
	// NULL: it is never shared.
	int (*set_wire)(struct weft_portio *io, const struct weft_wire *wire);
	bool (*wire_counts)(struct weft_portio *io, struct weft_wire_count counts[WEFT_WIRE_N_COUNTS]);
};

// One per slot; the slot's owner worker uses OPS and PRIV while a snapshot names the port.
struct weft_portio {
	const struct weft_io_ops *ops; // set by control before the port is published
	void *priv;		       // the implementation's own
	struct rte_mempool *pool;      // for received packets
	uint16_t slot;
	bool each_worker;	// set by open: a queue for every worker
	uint64_t mac;		// set by open: the device's own; 0: it has none
	uint16_t n_workers;	// set by the engine before open
	void (*quiesce)(void);	// set by the engine: waits until every worker has finished its round; not for workers
	_Atomic bool link;	// written by the implementation
	_Atomic uint32_t token; // port generation << 16 | worker that uses it now; 0: nobody. Passed on by workers
} __rte_cache_aligned;

// The longest frame, with two VLAN tags.
#define WEFT_LONGEST_FRAME (WEFT_MTU_MAX + 14 + 8)

// How many frames, N at most, to ask of a device that is not asked for bytes, so that only the last can overdraw BYTES,
// whatever their lengths.
static inline uint16_t
weft_frames_within(uint16_t n, int64_t bytes)
{
	if (bytes >= (int64_t)n * WEFT_LONGEST_FRAME)
		return n;
	return bytes > 0 ? (uint16_t)((bytes - 1) / WEFT_LONGEST_FRAME + 1) : 0;
}

extern const struct weft_io_ops weft_vhost_ops;
extern const struct weft_io_ops weft_ethdev_ops;
