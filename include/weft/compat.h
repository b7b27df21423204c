// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The only place for differences between DPDK 22.11 (Debian 12) and 24.11 (Debian 13).
#pragma once

#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "weft needs DPDK 22.11 or later"
#endif
