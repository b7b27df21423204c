// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// How to start a virtual machine with a port. Control thread.
#pragma once

#include "control/policy/model.h"

// How to start QEMU or libvirt with PORT; a new object.
json_t *weft_hints(const struct weft_port *port);
