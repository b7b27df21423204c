// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// An empty snapshot.
#include "weft/snapshot.h"

struct weft_port_page weft_no_ports;
struct weft_domain_page weft_no_domains;

void
weft_snapshot_blank(struct weft_snapshot *snap)
{
	for (unsigned int i = 0; i < WEFT_PORT_PAGES; i++) {
		snap->port_page[i] = &weft_no_ports;
		snap->port_version[i] = 0;
	}
	for (unsigned int i = 0; i < WEFT_DOMAIN_PAGES; i++)
		snap->domain_page[i] = &weft_no_domains;
}
