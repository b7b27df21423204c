// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "port.h"

#include <stdlib.h>

#include "dataplane/core/state.h"

#include "defer.h"

struct closing {
	uint16_t slot;
	void (*done)(void *arg, uint16_t slot);
	void *arg;
};

// Slots of other hosts have no device.
static void
close_device(struct weft_portio *io)
{
	if (io->ops)
		io->ops->close(io);
	io->ops = NULL;
}

static void
run_close(void *arg)
{
	struct closing *closing = arg;
	struct weft_portio *io = &weft_engine.ports[closing->slot];

	close_device(io);
	closing->done(closing->arg, closing->slot);
	free(closing);
}

void
weft_engine_close_port(uint16_t slot, void (*done)(void *arg, uint16_t slot), void *arg)
{
	struct closing *closing = malloc(sizeof(*closing));

	if (closing) {
		*closing = (struct closing){ .slot = slot, .done = done, .arg = arg };
		if (weft_defer_add(run_close, closing) == 0)
			return;
		free(closing);
	}
	weft_defer_quiesce();
	close_device(&weft_engine.ports[slot]);
	done(arg, slot);
}

void
weft_engine_port_status(uint16_t slot, struct weft_io_status *status)
{
	struct weft_portio *io = &weft_engine.ports[slot];

	*status = (struct weft_io_status){ .device = WEFT_NO_DEVICE, .eswitch = WEFT_NO_DEVICE };
	if (io->ops)
		io->ops->status(io, status);
}

int
weft_engine_port_set_mtu(uint16_t slot, uint16_t mtu)
{
	struct weft_portio *io = &weft_engine.ports[slot];

	return io->ops && io->ops->set_mtu ? io->ops->set_mtu(io, mtu) : 0;
}

int
weft_engine_port_set_filter(uint16_t slot, const struct weft_uplink_filter *filter)
{
	struct weft_portio *io = &weft_engine.ports[slot];

	return io->ops && io->ops->set_filter ? io->ops->set_filter(io, filter) : 0;
}

bool
weft_engine_port_filter_counts(uint16_t slot, struct weft_uplink_filter_count counts[WEFT_UPLINK_FILTER_N_COUNTS])
{
	struct weft_portio *io = &weft_engine.ports[slot];

	return io->ops && io->ops->filter_counts && io->ops->filter_counts(io, counts);
}

bool
weft_engine_port_multiqueue(uint16_t slot)
{
	return weft_engine.ports[slot].each_worker;
}

void
weft_port_close_all(void)
{
	for (unsigned int i = 0; i < WEFT_MAX_PORTS; i++)
		close_device(&weft_engine.ports[i]);
}
