// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// When another uplink comes into use, the physical switches must learn where this host's stations are now. A RARP
// frame for each port that names its MAC address, in the VLAN of its network, tells them, as hypervisors do when a
// VM moves.
#include "announce.h"

#include "pipeline/base/bytes.h"
#include "pipeline/send/emit.h"
#include "pipeline/send/port.h"
#include "weft/worker.h"

#define FRAME	60
#define RARP	0x8035
#define AT_ONCE 64 // ports that a call announces

static void
write_frame(uint8_t *frame, uint64_t mac)
{
	static const uint8_t ask[] = { RARP >> 8, RARP & 0xff, 0, 1, 8, 0, 6, 4, 0, 3 };

	memset(frame, 0, FRAME);
	write_mac(frame, UINT64_C(0xffffffffffff));
	write_mac(frame + 6, mac);
	memcpy(frame + 12, ask, sizeof(ask));
	write_mac(frame + 22, mac);
	write_mac(frame + 32, mac);
}

// Announces the port in SLOT, in the domain ID, if the uplink has the domain's VLAN.
static void
announce(struct weft_worker *worker, uint16_t slot, uint16_t id)
{
	const struct weft_domain *domain = weft_snapshot_domain(worker->snap, id);
	struct weft_lane lane = { .in = worker->snap->uplink, .domain = id, .l3_off = 14 };
	struct rte_mbuf *m;

	if (id == 0 || domain->uplink_vid == 0 ||
		weft_snapshot_slot(worker->snap, worker->snap->uplink)->vid_domain[domain->uplink_vid] != id)
		return;
	m = weft_frame_new(worker, worker->snap->uplink, FRAME);
	if (m == NULL)
		return;
	write_frame(rte_pktmbuf_mtod(m, uint8_t *), weft_snapshot_slot(worker->snap, slot)->mac);
	weft_emit_own(worker, &lane, worker->snap->uplink, m);
}

void
weft_announce_sweep(struct weft_worker *worker)
{
	const struct weft_port_conf *uplink = weft_snapshot_slot(worker->snap, worker->snap->uplink);

	// At the start the switches learn from ordinary traffic.
	if (worker->overlay.uplink != worker->snap->uplink) {
		worker->overlay.next = worker->overlay.uplink != WEFT_PORT_NONE;
		worker->overlay.uplink = worker->snap->uplink;
	}
	if (worker->overlay.next == 0 || !weft_port_is_open(worker, uplink) || uplink->vid_domain == NULL ||
		!(uplink->owner == worker->id || (uplink->owner == WEFT_OWNER_EACH && worker->id == 0)))
		return;
	for (unsigned int i = 0; i < AT_ONCE && worker->overlay.next < WEFT_MAX_PORTS; worker->overlay.next++) {
		const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, worker->overlay.next);

		if (!port->gen || !port->mac || !weft_port_is_open(worker, port) || port->peer)
			continue;
		announce(worker, worker->overlay.next, port->native);
		i++;
	}
	if (worker->overlay.next == WEFT_MAX_PORTS)
		worker->overlay.next = 0;
}
