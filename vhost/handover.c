// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "handover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "port.h"
#include "request.h"
#include "trash.h"
#include "trouble.h"

// The last message. No front end's request has this number. Its payload is struct rest, and its descriptors are the front end's
// socket, those that came with a message that is not complete, and that of an answer.
#define HANDOVER_REST	0
#define HANDOVER_LAYOUT 1
#define MAX_FDS		(1 + VHOST_MAX_FDS + 1)

// A message of which a part has come, and an answer of which a part has gone.
struct part {
	uint32_t done; // bytes of header and payload
	uint32_t size; // of all; 0: there is none. Of a message that comes it is not known
	uint32_t n_fds;
	struct vhost_header header;
	union vhost_payload payload;
};

struct rest {
	uint32_t layout;
	uint32_t padding;
	struct part in, out;
};

static int
send_message(int sock, uint32_t request, const void *payload, uint32_t size, const int *fds, uint32_t n)
{
	struct vhost_header header = { request, VHOST_VERSION, size };
	struct iovec iov[2] = { { &header, sizeof(header) }, { (void *)(uintptr_t)payload, size } };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(MAX_FDS * sizeof(int))];
	} control = {
		.header = { .cmsg_len = CMSG_LEN(n * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t done;

	if (n) {
		memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	}
	done = sendmsg(sock, &msg, MSG_NOSIGNAL);
	if (done < 0)
		return -errno;
	// A stream socket that waits sends all, or its time was up.
	return (size_t)done == sizeof(header) + size ? 0 : -EAGAIN;
}

static int
send_u64(int sock, uint32_t request, uint64_t value)
{
	return send_message(sock, request, &value, sizeof(value), NULL, 0);
}

static int
send_state(int sock, uint32_t request, uint32_t index, uint32_t num)
{
	return send_message(sock, request, &(struct vhost_vring_state){ index, num }, 8, NULL, 0);
}

// A front end that cannot add regions one by one has sent a table.
static int
send_memory(const struct vhost_port *port, int sock)
{
	const struct vhost_memory *memory = port->memory;
	bool table = !vhost_has(port->protocol, VHOST_PROTOCOL_CONFIGURE_SLOTS);
	union vhost_payload m = { 0 };
	int fds[VHOST_TABLE_REGIONS], ret = 0;

	for (uint32_t i = 0; ret == 0 && memory && i < memory->table.n; i++) {
		const struct vhost_mapping *map = &memory->map[i];
		const struct guest_region *r = &memory->table.regions[i];
		struct vhost_region region = { r->gpa, r->size, map->user, map->window.offset };

		if (table && i < VHOST_TABLE_REGIONS) {
			m.table.n++;
			m.table.region[i] = region;
			fds[i] = map->window.fd;
			continue;
		}
		m.one.region = region;
		for (uint32_t k = 0; ret == 0 && k <= map->again; k++)
			ret = send_message(sock, VHOST_ADD_MEM_REG, &m, sizeof(m.one), &map->window.fd, 1);
	}
	if (table && m.table.n)
		ret = send_message(sock, VHOST_SET_MEM_TABLE, &m, 8 + m.table.n * (uint32_t)sizeof(m.table.region[0]),
			fds, m.table.n);
	return ret;
}

static int
send_device(const struct vhost_port *port, int sock)
{
	const struct vhost_log *log = &port->log;
	const struct vhost_inflight *inflight = &port->inflight;
	uint64_t rarp = atomic_load(&port->rarp);
	uint16_t mtu = atomic_load(&port->mtu);
	int ret = send_u64(sock, VHOST_SET_PROTOCOL_FEATURES, port->protocol);

	if (ret == 0 && port->negotiated)
		ret = send_u64(sock, VHOST_SET_FEATURES, atomic_load(&port->features));
	if (ret == 0)
		ret = send_memory(port, sock);
	if (ret == 0 && log->bits) {
		union vhost_payload m = { .log = { log->size, log->window.offset } };

		ret = send_message(sock, VHOST_SET_LOG_BASE, &m, sizeof(m.log), &log->window.fd, 1);
	}
	if (ret == 0 && inflight->base) {
		struct vhost_inflight_area area = { inflight->page * inflight->n_queues, inflight->window.offset,
			inflight->n_queues, inflight->queue_size, 0 };

		ret = send_message(sock, VHOST_SET_INFLIGHT_FD, &area, sizeof(area), &inflight->window.fd, 1);
	}
	if (ret == 0 && mtu)
		ret = send_u64(sock, VHOST_NET_SET_MTU, mtu);
	if (ret == 0 && rarp)
		ret = send_u64(sock, VHOST_SEND_RARP, rarp & ~VHOST_RARP_WANTED);
	// A status of 0 would be a reset.
	if (ret == 0 && port->status)
		ret = send_u64(sock, VHOST_SET_STATUS, port->status);
	return ret;
}

static int
send_ring(const struct vhost_port *port, uint16_t q, int sock)
{
	const struct vhost_vring *vring = &port->vrings[q];
	int ret = send_state(sock, VHOST_SET_VRING_BASE, q, vring->base);

	if (ret == 0 && vring->size)
		ret = send_state(sock, VHOST_SET_VRING_NUM, q, vring->size);
	if (ret == 0 && vring->addressed)
		ret = send_message(sock, VHOST_SET_VRING_ADDR, &vring->addr, sizeof(vring->addr), NULL, 0);
	if (ret == 0 && vring->call >= 0)
		ret = send_message(sock, VHOST_SET_VRING_CALL, &(uint64_t){ q }, 8, &vring->call, 1);
	if (ret == 0 && vring->started)
		ret = send_u64(sock, VHOST_SET_VRING_KICK, q | VHOST_VRING_NO_FD);
	if (ret == 0 && vring->enabled)
		ret = send_state(sock, VHOST_SET_VRING_ENABLE, q, 1);
	return ret;
}

// The messages that are on their way, and the front end's socket.
static int
send_rest(const struct vhost_connection *c, int sock)
{
	struct rest rest = { .layout = HANDOVER_LAYOUT };
	int fds[MAX_FDS], n = 0;

	fds[n++] = c->fd;
	rest.in = (struct part){ .done = (uint32_t)c->got, .header = c->in.header, .payload = c->in.payload };
	rest.out = (struct part){ .done = (uint32_t)c->out_done,
		.size = (uint32_t)c->out_size,
		.header = c->out.header,
		.payload = c->out.payload };
	for (; rest.in.n_fds < c->in.n_fds; rest.in.n_fds++)
		fds[n++] = c->in.fds[rest.in.n_fds];
	// It has gone with the first byte.
	for (; rest.out.n_fds < c->out.n_fds && c->out_done == 0 && c->out_size; rest.out.n_fds++)
		fds[n++] = c->out.fds[rest.out.n_fds];
	return send_message(sock, HANDOVER_REST, &rest, sizeof(rest), fds, (uint32_t)n);
}

int
vhost_handover_send(const struct vhost_port *port, int sock)
{
	int ret;

	if (port->connection == NULL)
		return -ENOTCONN;
	if (atomic_load(&port->broken) || port->connection->n_extra)
		return -EFAULT;
	ret = send_device(port, sock);
	for (uint16_t q = 0; ret == 0 && q < VHOST_N_RINGS; q++)
		ret = send_ring(port, q, sock);
	return ret ? ret : send_rest(port->connection, sock);
}

// What has come: a message, or the rest.
struct parcel {
	struct vhost_header header;
	union {
		union vhost_payload payload;
		struct rest rest;
	};
	uint32_t n_fds;
	int fds[MAX_FDS];
};

static void
drop_fds(struct parcel *p)
{
	while (p->n_fds)
		close(p->fds[--p->n_fds]);
}

static int
receive_parcel(struct parcel *p, int sock)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(MAX_FDS * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &p->header, .iov_len = sizeof(p->header) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(MAX_FDS * sizeof(int)) };
	const struct cmsghdr *c;
	ssize_t n;

	memset(p, 0, sizeof(*p));
	n = recvmsg(sock, &msg, MSG_WAITALL | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		p->n_fds = (uint32_t)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(p->fds, CMSG_DATA(c), p->n_fds * sizeof(int));
	}
	if (n != sizeof(p->header) || msg.msg_flags & MSG_CTRUNC ||
		p->header.size > (p->header.request == HANDOVER_REST ? sizeof(p->rest) : sizeof(p->payload)) ||
		(p->header.size && recv(sock, &p->payload, p->header.size, MSG_WAITALL) != (ssize_t)p->header.size)) {
		drop_fds(p);
		return -EPROTO;
	}
	return 0;
}

static int
handle_message(struct vhost_port *port, struct parcel *p)
{
	struct vhost_message m = { .header = p->header, .payload = p->payload, .n_fds = (uint8_t)p->n_fds };
	int ret;

	if (p->n_fds > VHOST_MAX_FDS) {
		drop_fds(p);
		return -EPROTO;
	}
	memcpy(m.fds, p->fds, p->n_fds * sizeof(int));
	p->n_fds = 0;
	ret = vhost_request_handle(port, &m);
	// Nobody waits for an answer. A descriptor that is not known has come from the giver, which had it as another kind.
	for (uint32_t i = 0; i < m.n_fds; i++) {
		if (m.fds[i] >= 0)
			close(m.fds[i]);
	}
	return ret < 0 ? ret : 0;
}

static bool
is_sound(const struct part *part, const struct vhost_header *whole, uint32_t most_fds)
{
	uint32_t size = sizeof(part->header) + part->header.size;

	if (part->n_fds > most_fds || part->done > sizeof(part->header) + sizeof(part->payload))
		return false;
	return whole == NULL || (part->header.size <= sizeof(part->payload) && part->done < size);
}

// Makes the connection, which goes on in the middle of a message. It takes the descriptors of P.
static int
take_rest(struct vhost_port *port, struct parcel *p, uint64_t now_ms)
{
	const struct rest *rest = &p->rest;
	bool header = rest->in.done >= sizeof(rest->in.header);
	struct vhost_connection *c;
	uint32_t n = 1;

	if (p->header.size != sizeof(*rest) || rest->layout != HANDOVER_LAYOUT ||
		!is_sound(&rest->in, header ? &rest->in.header : NULL, VHOST_MAX_FDS) ||
		!is_sound(&rest->out, rest->out.size ? &rest->out.header : NULL, 1) ||
		p->n_fds != 1 + rest->in.n_fds + rest->out.n_fds)
		return -EPROTO;
	c = vhost_connection_new(port, p->fds[0], now_ms);
	if (c == NULL)
		return -ENOMEM;
	c->heard = true;
	c->got = rest->in.done;
	atomic_store(&port->quiet, c->got ? 2 * now_ms + 1 : 0);
	c->in.header = rest->in.header;
	c->in.payload = rest->in.payload;
	while (c->in.n_fds < rest->in.n_fds)
		c->in.fds[c->in.n_fds++] = p->fds[n++];
	c->out_done = rest->out.done;
	c->out_size = rest->out.size ? sizeof(rest->out.header) + rest->out.header.size : 0;
	c->out.header = rest->out.header;
	c->out.payload = rest->out.payload;
	while (c->out.n_fds < rest->out.n_fds)
		c->out.fds[c->out.n_fds++] = p->fds[n++];
	p->n_fds = 0;
	port->connection = c;
	return 0;
}

int
vhost_handover_receive(struct vhost_port *port, int sock, uint64_t now_ms)
{
	struct vhost_trash *trash;
	struct parcel p;
	int ret;

	do
		ret = receive_parcel(&p, sock);
	while (ret == 0 && p.header.request != HANDOVER_REST && (ret = handle_message(port, &p)) == 0);
	if (ret == 0)
		ret = take_rest(port, &p, now_ms);
	if (ret == 0)
		return 0;
	drop_fds(&p);
	if (port->error[0] == 0)
		vhost_trouble_set(port, "the other weftd did not hand the guest over: %s", strerror(-ret));
	trash = vhost_trash_new();
	vhost_device_reset(port, trash);
	vhost_trash_out(trash, &port->trash);
	return ret;
}
