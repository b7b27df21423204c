// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The devices of ports, from open to close. Control thread.
#pragma once

// Closes all devices: no worker runs any more.
void weft_port_close_all(void);
