// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A host of the cluster.
#pragma once

#include "weft/snapshot.h"

#include "object.h"

struct weft_host {
	struct weft_object o;
	struct {
		struct weft_ip address;	  // none: no tunnel leads to it
		uint8_t length;		  // of its network's prefix; 0: not given, so all hosts are on its link
		struct weft_ip gateway;	  // to hosts outside of that prefix, or none
		bool checksum;		  // UDP checksums are sent
		uint32_t bfd_interval_ms; // 0: the host takes no part in BFD
		uint32_t bfd_multiplier;
	} tunnel;
	struct weft_list uplinks; // of char[WEFT_NAME_SIZE]
	struct weft_list deny;	  // of char[WEFT_NAME_SIZE]: prefixes
};

extern const struct weft_kind weft_kind_host;
