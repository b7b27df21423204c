// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The table of configured addresses in a build. Only the compiler uses it. Control thread.
#pragma once

#include "draft.h"

// A new table for ROOM entries, with one reference. NULL without memory.
struct weft_macs *build_macs_new(uint32_t room);
void build_macs_unref(struct weft_macs *macs);

// The first enters the MAC of CONF, the port in SLOT, in DOMAIN. The second enters that the port in SLOT owns ADDRESS,
// and has MAC. Return 0 or -errno.
int build_macs_enter(struct weft_build *build, uint16_t domain, uint16_t slot, const struct weft_port_conf *conf);
int build_macs_enter_owner(
	struct weft_build *build, uint16_t domain, const struct weft_ip *address, uint16_t slot, uint64_t mac);

// Enters KEY, which is not a MAC and leads to NUMBER. Returns 0 or -errno.
int build_macs_enter_number(struct weft_build *build, uint64_t key, uint16_t number);

// Removes MAC from DOMAIN if it leads to SLOT. Returns 0 or -ENOMEM.
int build_macs_remove(struct weft_build *build, uint16_t domain, uint16_t slot, uint64_t mac);
