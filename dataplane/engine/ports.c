// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Opens the devices of ports: the one place that knows all kinds of devices.
#include "dataplane/core/state.h"

static const struct weft_io_ops *const ops_of[WEFT_N_ATTACH_TYPES] = {
	[WEFT_ATTACH_VHOST_USER] = &weft_vhost_ops,
	[WEFT_ATTACH_ETH] = &weft_ethdev_ops,
};

int
weft_engine_open_port(uint16_t slot, const struct weft_attach *attach, struct weft_error *err)
{
	struct weft_portio *io = &weft_engine.ports[slot];
	int ret;

	io->pool = weft_engine.pool;
	io->each_worker = false;
	io->mac = 0;
	atomic_store(&io->token, 0);
	atomic_store(&io->link, false);
	ret = ops_of[attach->type]->open(io, attach, err);
	if (ret == 0)
		io->ops = ops_of[attach->type];
	atomic_store(&weft_engine.mac[slot], io->mac);
	return ret;
}
