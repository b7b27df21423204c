// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftd's UNIX socket. Control thread.
#pragma once

#include "weft/log.h"

int weft_server_start(struct weft_error *err);
void weft_server_stop(void);
