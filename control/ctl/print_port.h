// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports for people.
#pragma once

#include <jansson.h>

// The ports of a host; one port with its counters, and with what QEMU and libvirt need; dropped packets by port and reason.
void print_ports(const json_t *ports);
void print_port(const json_t *port);
void print_drops(const json_t *drops);

// The rates of ports, from two results of the method "ports" that are SECONDS apart.
void print_top(const json_t *before, const json_t *after, double seconds);
