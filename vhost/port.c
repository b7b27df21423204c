// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A vhost-user port from open to close. Control thread.
#include "port.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "connector.h"
#include "device.h"
#include "queues.h"
#include "registry.h"
#include "sigbus.h"
#include "trouble.h"

// Makes a server's path free: removes a socket on which nobody listens.
static int
clear_path(const char *path, const char *name, struct weft_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, ret;

	if (lstat(path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return weft_fail(
			err, EEXIST, "port %s: %s exists and is not a socket: choose another path", name, path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ret = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	if (fd >= 0)
		close(fd);
	if (ret == 0 || errno == EAGAIN)
		return weft_fail(err, EADDRINUSE,
			"port %s: another process listens on %s: stop it, or choose another path", name, path);
	unlink(path);
	return 0;
}

static int
start(struct vhost_port *port, struct weft_error *err)
{
	int ret;

	if (!port->server) {
		ret = vhost_connector_add(port);
		return ret ? weft_fail(err, -ret, "port %s: cannot watch the folder of %s: %s", port->name, port->path,
				     strerror(-ret))
			   : 0;
	}
	ret = clear_path(port->path, port->name, err);
	if (ret)
		return ret;
	ret = vhost_device_register(port);
	if (ret)
		return weft_fail(err, -ret,
			"port %s: cannot listen on %s: check that its folder exists and is writable", port->name,
			port->path);
	port->registered = true;
	return 0;
}

static int
vhost_open(struct weft_portio *io, const struct weft_attach *attach, struct weft_error *err)
{
	struct vhost_port *port;
	int ret;

	if (vhost_registry_has(attach->path))
		return weft_fail(err, EEXIST, "port %s: socket %s is used by another port", attach->name, attach->path);
	port = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*port));
	if (port == NULL)
		return weft_fail(err, ENOMEM, "port %s: no memory", attach->name);
	memset(port, 0, sizeof(*port));
	port->io = io;
	port->server = attach->server;
	port->max_queues = attach->queues;
	port->library = attach->dpdk_rings;
	port->vid = -1;
	vhost_sigbus_init();
	snprintf(port->path, sizeof(port->path), "%s", attach->path);
	snprintf(port->name, sizeof(port->name), "%s", attach->name);
	pthread_mutex_init(&port->error_lock, NULL);
	io->priv = port;
	vhost_registry_add(port);
	ret = start(port, err);
	if (ret) {
		vhost_registry_remove(port);
		free(port);
		io->priv = NULL;
	}
	return ret;
}

static void
vhost_close(struct weft_portio *io)
{
	struct vhost_port *port = io->priv;

	if (port->server)
		rte_vhost_driver_unregister(port->path);
	else
		vhost_connector_remove(port);
	vhost_registry_remove(port);
	pthread_mutex_destroy(&port->error_lock);
	free(port);
	io->priv = NULL;
}

// Writes what the worker found wrong with the rings.
static void
ring_trouble(struct vhost_port *port, char *text, size_t size)
{
	if (atomic_load(&port->cut)) {
		snprintf(text, size, VHOST_CUT_TEXT);
		return;
	}
	for (uint16_t q = 0; q < RTE_DIM(port->rings); q++) {
		const struct vhost_ring *ring = &port->rings[q];
		uint8_t fault = atomic_load(&ring->fault);

		if (fault)
			snprintf(text, size,
				"ring %u, %s the guest, stopped: the guest %s; it has to set the ring up again", q,
				q % 2 ? "from" : "to", vhost_fault_text(fault));
		else if (ring->misfits)
			snprintf(text, size,
				"a frame was longer than the guest's receive buffers: start QEMU with mrg_rxbuf=on, "
				"or lower the guest's MTU");
	}
}

static void
vhost_status(struct weft_portio *io, struct weft_io_status *status)
{
	struct vhost_port *port = io->priv;

	status->link = atomic_load(&io->link);
	status->queues = status->link ? __builtin_popcount(atomic_load(&port->from_guest)) : 0;
	status->guest_mtu = atomic_load(&port->mtu);
	status->connects = atomic_load(&port->connects);
	status->features = atomic_load(&port->features);
	pthread_mutex_lock(&port->error_lock);
	memcpy(status->error, port->error, sizeof(status->error));
	pthread_mutex_unlock(&port->error_lock);
	if (status->link)
		ring_trouble(port, status->error, sizeof(status->error));
}

const struct weft_io_ops weft_vhost_ops = {
	.open = vhost_open,
	.close = vhost_close,
	.rx = vhost_rx,
	.tx = vhost_tx,
	.notify = vhost_notify_guest,
	.status = vhost_status,
};
