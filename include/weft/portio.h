// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The functions of a port's device. vhost-user and Ethernet devices implement them, the engine calls them.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "weft/limits.h"
#include "weft/log.h"
#include "weft/uplink_filter.h"

enum weft_attach_type { WEFT_ATTACH_VHOST_USER, WEFT_ATTACH_ETH, WEFT_N_ATTACH_TYPES };

// The attachment of a port. Control fills it in from the port object.
struct weft_attach {
	enum weft_attach_type type;
	char path[108];	 // vhost-user: the socket
	bool server;	 // vhost-user: weft listens
	uint16_t queues; // queue pairs at most
	uint16_t mtu;
	bool single;	  // eth: one queue, even if there are more workers
	char device[256]; // eth: a DPDK device name with arguments
	bool shared;	  // eth: the interface is shared with the kernel; see uplink_filter.h
	const char *name; // the port's name, for messages; valid only while the port is opened
};

#define WEFT_NO_DEVICE UINT16_MAX

#define WEFT_IO_ERROR_SIZE 256

struct weft_io_status {
	bool link;
	uint16_t queues;      // queue pairs in use
	uint16_t guest_mtu;   // 0: not known
	uint64_t connects;    // how often the link came up
	uint64_t features;    // negotiated virtio features, 0 for devices
	unsigned int ifindex; // of the device's kernel interface; 0: it has none
	bool removed;	      // the device is being removed: control has to close it
	uint16_t device;      // DPDK's number of an Ethernet device; WEFT_NO_DEVICE for others
	uint16_t eswitch;     // the hardware switch that it is a port of; WEFT_NO_DEVICE: none that takes flows
	const char *offload;  // why it takes no flows; NULL: it does, or is not an Ethernet device
	char error[WEFT_IO_ERROR_SIZE]; // the last error; empty: none
};

struct weft_portio;

struct weft_io_ops {
	// Worker, before it uses a port of such a device; may be called again. NULL: there is nothing to do.
	void (*enlist)(void);
	// Control thread. Opens the device for the slot's port, and fills in portio->priv. Returns 0; or -errno with
	// ERR, and then nothing stays behind.
	int (*open)(struct weft_portio *io, const struct weft_attach *attach, struct weft_error *err);
	// Control thread, when no worker uses the port any more.
	void (*close)(struct weft_portio *io);
	// Owner worker. Reads up to N packets while *BYTES is above 0, and subtracts their lengths from it; so it may
	// be negative after the last one.
	uint16_t (*rx)(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes);
	// Owner worker. Writes N packets. Returns how many it took; the others are at the end of PKTS, and stay the
	// caller's.
	uint16_t (*tx)(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n);
	// Owner worker, once at the end of a round in which it read from the port or wrote to it. Interrupts the guest
	// if it wants that. NULL: there is nothing to do.
	void (*notify)(struct weft_portio *io);
	// Control thread. Has the device take packets of MTU bytes. Returns 0; or -errno, and then it is as before.
	// NULL: it takes packets of any length.
	int (*set_mtu)(struct weft_portio *io, uint16_t mtu);
	// Control thread.
	void (*status)(struct weft_portio *io, struct weft_io_status *status);
	// Control thread, for a device that is shared with the kernel. set_filter sets the packets that weft takes from
	// now on, and returns 0 or -errno. filter_counts reads the filter's counters, and returns false if the device is
	// not shared. NULL: such devices are never shared.
	int (*set_filter)(struct weft_portio *io, const struct weft_uplink_filter *filter);
	bool (*filter_counts)(
		struct weft_portio *io, struct weft_uplink_filter_count counts[WEFT_UPLINK_FILTER_N_COUNTS]);
};

// One for each slot. The slot's owner worker uses OPS and PRIV while a snapshot names the port.
struct weft_portio {
	const struct weft_io_ops *ops; // set by control before it publishes the port
	void *priv;		       // the implementation's
	struct rte_mempool *pool;      // for received packets
	uint16_t slot;
	bool each_worker;   // set by open: every worker has a queue of its own
	uint64_t mac;	    // set by open: the device's MAC; 0: it has none
	uint16_t n_workers; // set by the engine before open
	void (*quiesce)(
		void); // set by the engine: waits until every worker has finished its round. Any thread except a worker
	_Atomic bool link; // written by the implementation
	_Atomic uint32_t
		token; // generation of the port << 16 | worker that may use the device; 0: none. Workers pass it on
} __rte_cache_aligned;

// The longest frame, with two VLAN tags.
#define WEFT_LONGEST_FRAME (WEFT_MTU_MAX + 14 + 8)

// How many frames to read, N at most, from a device that counts frames only: so few that only the last one can exceed
// BYTES, whatever their lengths are.
static inline uint16_t
weft_frames_within(uint16_t n, int64_t bytes)
{
	if (bytes >= (int64_t)n * WEFT_LONGEST_FRAME)
		return n;
	return bytes > 0 ? (uint16_t)((bytes - 1) / WEFT_LONGEST_FRAME + 1) : 0;
}

extern const struct weft_io_ops weft_vhost_ops;
extern const struct weft_io_ops weft_ethdev_ops;
