// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The driver: queues this host's writes, joins them into the next generation, and takes the steps that bring it into
// force. It also watches over the attempts of other hosts, and finishes one whose host has died.
#pragma once

#include "attempt.h"

struct driver *driver_new(struct weft_cluster *c); // NULL without memory
void driver_free(struct driver *d);

// Takes WRITE over until it is answered.
void driver_submit(struct driver *d, struct weft_write *write);

// Takes the next step, if there is one. To be called whenever something has changed.
void driver_kick(struct driver *d);
