// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The library's callbacks before and after each message of a front end. Event thread.
#pragma once

#include <rte_vhost.h>

extern const struct rte_vhost_user_extern_ops vhost_message_ops;
