// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// How to start a guest with a port. Control thread.
#pragma once

#include "control/policy/model.h"

// {qemu: a list of arguments, libvirt: XML} for PORT; an empty object if no guest can use the port. A new object.
json_t *weft_report_hints(const struct weft_port *port);
