// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "eth_removal.h"

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "eth_probe.h"

// Closes a device that is being removed, once no worker uses it. This needs a thread of its own: whoever removes the
// device waits for this, and the kernel holds locks meanwhile that the control thread's questions about interfaces
// need.
static void *
run_closer(void *arg)
{
	struct weft_portio *io = arg;

	io->quiesce();
	weft_eth_remove(io->priv);
	return NULL;
}

static void
begin_removal(struct weft_portio *io)
{
	struct weft_eth_port *eth = io->priv;

	if (!atomic_exchange(&eth->removed, true))
		eth->closing = pthread_create(&eth->closer, NULL, run_closer, io) == 0;
}

// This and on_port() run on EAL's interrupt thread.
static void
on_device(const char *name, enum rte_dev_event_type event, void *arg)
{
	(void)name;
	if (event == RTE_DEV_EVENT_REMOVE)
		begin_removal(arg);
}

static int
on_port(uint16_t id, enum rte_eth_event_type event, void *arg, void *more)
{
	(void)id, (void)event, (void)more;
	begin_removal(arg);
	return 0;
}

void
weft_eth_removal_watch(struct weft_portio *io)
{
	struct weft_eth_port *eth = io->priv;
	char name[RTE_ETH_NAME_MAX_LEN];

	weft_eth_name(eth->device, name, sizeof(name));
	rte_dev_event_callback_register(name, on_device, io);
	rte_eth_dev_callback_register(eth->id, RTE_ETH_EVENT_INTR_RMV, on_port, io);
}

static void
unwatch_removal(struct weft_portio *io)
{
	struct weft_eth_port *eth = io->priv;
	char name[RTE_ETH_NAME_MAX_LEN];

	weft_eth_name(eth->device, name, sizeof(name));
	// -EAGAIN: the function is running at this moment.
	while (rte_dev_event_callback_unregister(name, on_device, io) == -EAGAIN)
		rte_pause();
	while (rte_eth_dev_callback_unregister(eth->id, RTE_ETH_EVENT_INTR_RMV, on_port, io) == -EAGAIN)
		rte_pause();
}

void
weft_eth_removal_close(struct weft_portio *io)
{
	struct weft_eth_port *eth = io->priv;

	unwatch_removal(io);
	if (eth->closing)
		pthread_join(eth->closer, NULL);
	else
		weft_eth_remove(eth);
}
