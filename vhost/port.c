// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A vhost-user port from open to close. Control thread.
#include "port.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weft/clock.h"

#include "frontends.h"
#include "queues.h"
#include "socket.h"
#include "stall.h"
#include "trouble.h"

#define SILENT_MS 5000 // a front end sends its first message, and the rest of one, within that

static int
start(struct vhost_port *port, struct weft_error *err)
{
	int ret;

	if (port->server) {
		port->listener = vhost_socket_listen(port->path, port->name, err);
		if (port->listener < 0)
			return port->listener;
	}
	ret = vhost_frontends_add(port);
	if (ret == 0)
		return 0;
	if (port->listener >= 0)
		close(port->listener);
	return weft_fail(
		err, -ret, "port %s: cannot watch the folder of %s: %s", port->name, port->path, strerror(-ret));
}

static int
vhost_open(struct weft_portio *io, const struct weft_attach *attach, struct weft_error *err)
{
	struct vhost_port *port;
	int ret;

	if (vhost_frontends_use(attach->path))
		return weft_fail(err, EEXIST, "port %s: socket %s is used by another port", attach->name, attach->path);
	port = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*port));
	if (port == NULL)
		return weft_fail(err, ENOMEM, "port %s: no memory", attach->name);
	memset(port, 0, sizeof(*port));
	port->io = io;
	port->server = attach->server;
	port->max_queues = attach->queues;
	port->listener = -1;
	for (uint16_t q = 0; q < VHOST_N_RINGS; q++)
		port->vrings[q].call = -1;
	snprintf(port->path, sizeof(port->path), "%s", attach->path);
	snprintf(port->name, sizeof(port->name), "%s", attach->name);
	pthread_mutex_init(&port->error_lock, NULL);
	io->priv = port;
	ret = start(port, err);
	if (ret) {
		free(port);
		io->priv = NULL;
	}
	return ret;
}

static void
vhost_close(struct weft_portio *io)
{
	struct vhost_port *port = io->priv;

	vhost_frontends_remove(port);
	if (port->server)
		unlink(port->path);
	pthread_mutex_destroy(&port->error_lock);
	free(port);
	io->priv = NULL;
}

// Writes the fault in words, with the VALUE that was wrong, if it has one.
static void
describe(enum vhost_fault fault, uint64_t value, char *text, size_t size)
{
	const char *words = weft_ring_fault_text(fault);

	switch (fault) {
	case VHOST_FAULT_SIZE:
		snprintf(text, size, "%s (%" PRIu64 " entries)", words, value);
		break;
	case VHOST_FAULT_INDEX:
		snprintf(text, size, "%s (by %" PRIu64 ")", words, value);
		break;
	case VHOST_FAULT_HEAD:
		snprintf(text, size, "%s (number %" PRIu64 ")", words, value);
		break;
	case VHOST_FAULT_LENGTH:
		snprintf(text, size, "%s (%" PRIu64 " bytes)", words, value);
		break;
	case VHOST_FAULT_SETUP:
	case VHOST_FAULT_ADDRESS:
	case VHOST_FAULT_INDIRECT:
	case VHOST_FAULT_DIRECTION:
		snprintf(text, size, "%s (address 0x%" PRIx64 ")", words, value);
		break;
	default:
		snprintf(text, size, "%s", words);
	}
}

// Writes what the worker found wrong with the rings; only why it has stopped one, unless ALL is wanted.
static void
ring_trouble(const struct vhost_port *port, bool all, char *text, size_t size)
{
	for (uint16_t q = 0; q < RTE_DIM(port->rings); q++) {
		const struct vhost_ring *ring = &port->rings[q];
		uint8_t fault = atomic_load(&ring->fault);
		char what[160];

		describe(fault, atomic_load(&ring->fault_value), what, sizeof(what));
		if (fault && (all || !weft_ring_fault_is_setup(fault)))
			snprintf(text, size,
				"ring %u, %s the guest, stopped: the guest %s; it has to set the ring up again", q,
				q % 2 ? "from" : "to", what);
		else if (all && ring->misfits)
			snprintf(text, size,
				"a frame was longer than the guest's receive buffers: start QEMU with mrg_rxbuf=on, "
				"or lower the guest's MTU");
		if (fault && !weft_ring_fault_is_setup(fault))
			return;
	}
}

// Writes that the front end owes weft a message. When it has said all that it has to say, silence is normal.
static void
silence(const struct vhost_port *port, char *text, size_t size)
{
	uint64_t quiet = atomic_load(&port->quiet), ms = weft_clock_ms() - quiet / 2;

	if (quiet == 0 || ms < SILENT_MS)
		return;
	if (quiet & 1)
		snprintf(text, size, "the front end has sent a part of a message, and not the rest for %" PRIu64 " s",
			ms / 1000);
	else
		snprintf(text, size, "a front end is connected and has said nothing for %" PRIu64 " s", ms / 1000);
}

// Writes that frames in rings beyond the port's stay there.
static void
too_many_queues(const struct vhost_port *port, char *text, size_t size)
{
	uint16_t wanted = atomic_load(&port->wanted);

	if (wanted > port->max_queues)
		snprintf(text, size,
			"the guest wants %u queue pairs, the port has %u: set attach.queues, or start QEMU with queues=%u",
			wanted, port->max_queues, port->max_queues);
}

static void
vhost_status(struct weft_portio *io, struct weft_io_status *status)
{
	struct vhost_port *port = io->priv;
	bool all;

	status->queues = __builtin_popcount(atomic_load(&port->pairs));
	status->link = status->queues != 0;
	status->guest_mtu = atomic_load(&port->mtu);
	status->connects = atomic_load(&port->connects);
	status->features = atomic_load(&port->features);
	pthread_mutex_lock(&port->error_lock);
	// What is so now comes before what once happened.
	all = !vhost_trouble_log_text(port, status->error, sizeof(status->error));
	if (all)
		snprintf(status->error, sizeof(status->error), "%s%s",
			port->error[0] && port->error_is_old ? VHOST_BEFORE : "", port->error);
	pthread_mutex_unlock(&port->error_lock);
	all = all && (status->link || status->error[0] == 0);
	ring_trouble(port, all, status->error, sizeof(status->error));
	if (status->error[0] == 0)
		too_many_queues(port, status->error, sizeof(status->error));
	if (status->error[0] == 0)
		silence(port, status->error, sizeof(status->error));
}

const struct weft_io_ops weft_vhost_ops = {
	.enlist = vhost_stall_enlist,
	.open = vhost_open,
	.close = vhost_close,
	.rx = vhost_rx,
	.tx = vhost_tx,
	.notify = vhost_notify_guest,
	.status = vhost_status,
};
