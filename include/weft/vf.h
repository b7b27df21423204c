// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The settings that a PF enforces for one of its VFs, through rtnetlink(7) (linux/if_link.h: IFLA_VFINFO_LIST). FD is a
// socket of NETLINK_ROUTE. Control thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "weft/log.h"

// Attributes are set one by one in this order, and rolled back in the reverse order.
enum weft_vf_attr {
	WEFT_VF_LINK, // first: a VF that has to be cut off is cut off before anything else
	WEFT_VF_MAC,
	WEFT_VF_VLAN,
	WEFT_VF_SPOOF_CHECK,
	WEFT_VF_TRUST,
	WEFT_VF_RATE,
	WEFT_VF_N_ATTRS
};

enum weft_vf_link { WEFT_VF_LINK_AUTO, WEFT_VF_LINK_ON, WEFT_VF_LINK_OFF };

#define WEFT_VF_8021Q  0x8100
#define WEFT_VF_8021AD 0x88a8

struct weft_vf {
	unsigned int index;
	unsigned int known; // set of 1 << attr: what the driver reports
	uint64_t mac;	    // 0: none
	uint16_t vlan;	    // 0: none
	uint16_t tpid;	    // WEFT_VF_8021Q or WEFT_VF_8021AD
	uint8_t qos;
	bool spoof_check;	     // frames with another source MAC are dropped
	bool trust;		     // it may change its MAC, and receive frames for others
	int link;		     // enum weft_vf_link
	uint32_t min_rate, max_rate; // Mbit/s of what it sends; 0: no limit
	struct {
		uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, broadcast, multicast, rx_dropped, tx_dropped;
	} stats;
	bool has_stats;
};

const char *weft_vf_attr_name(enum weft_vf_attr attr);

// Calls FN with each VF of the PF whose interface is IFINDEX. STATS: with counters, for which some drivers have to ask
// their firmware. Returns 0 or -errno.
int weft_vf_each(int fd, unsigned int ifindex, bool stats, void (*fn)(void *arg, const struct weft_vf *vf), void *arg);

// Reads the VF with INDEX. Returns 0 or -errno; -ENOENT: the PF has no such VF.
int weft_vf_get(int fd, unsigned int ifindex, unsigned int index, struct weft_vf *vf);

// Which attributes in MASK (1 << attr) of VF differ from WANT. An attribute that the driver does not report differs if
// WANT has another value than a new VF has.
unsigned int weft_vf_differs(const struct weft_vf *vf, const struct weft_vf *want, unsigned int mask);

// Has the PF enforce the attributes in MASK for the VF WANT->index as WANT says, and reads them back. BEFORE gets the
// former values. Returns 0; or -errno with ERR, which names the attribute, and then all is as before.
int weft_vf_set(int fd, unsigned int ifindex, const struct weft_vf *want, unsigned int mask, struct weft_vf *before,
	struct weft_error *err);
