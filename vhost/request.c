// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "request.h"

#include <errno.h>
#include <unistd.h>

#include "vhost/rings/call.h"

#include "device.h"
#include "negotiate.h"
#include "regions.h"
#include "trash.h"
#include "trouble.h"
#include "vrings.h"

#define ANY -1

// What a request needs, and what it does.
enum {
	NOTHING = 0,
	RINGS = 1 << 0,	   // workers must not use the rings meanwhile
	FEATURES = 1 << 1, // SET_FEATURES has come
	ANSWERS = 1 << 2,  // with something else than "done": where it is refused, the connection ends
};

// Which descriptors may come with it.
enum kind { NONE, FILES, EVENTS };

// A handler is called when the table's conditions hold. It returns 0; or VHOST_ANSWER, and M's payload and size are the answer;
// or -errno, and nothing has changed: vhost_refuse() has said why. It takes the descriptors that it keeps.
static const struct request {
	uint16_t least, most; // bytes of payload
	enum kind kind;
	uint8_t fds_least, fds_most;
	int8_t protocol; // the feature of the protocol that allows it, or ANY
	uint8_t needs;
	int (*handle)(struct vhost_port *port, struct vhost_message *m);
} requests[VHOST_N_REQUESTS] = {
#define U64    8, 8
#define STATE  8, 8
#define REGION 40, 40
#define AREA   20, 24 // with or without the padding behind it
#define EMPTY  0, 8   // some front ends send a word that nobody reads
	[VHOST_GET_FEATURES] = { EMPTY, NONE, 0, 0, ANY, ANSWERS, vhost_get_features },
	[VHOST_SET_FEATURES] = { U64, NONE, 0, 0, ANY, RINGS, vhost_set_features },
	[VHOST_SET_OWNER] = { EMPTY, NONE, 0, 0, ANY, NOTHING, vhost_set_owner },
	[VHOST_RESET_OWNER] = { EMPTY, NONE, 0, 0, ANY, RINGS, vhost_reset_owner },
	[VHOST_SET_MEM_TABLE] = { 8, sizeof(union vhost_payload), FILES, 0, VHOST_TABLE_REGIONS, ANY, RINGS,
		vhost_set_mem_table },
	[VHOST_SET_LOG_BASE] = { 16, 16, FILES, 1, 1, VHOST_PROTOCOL_LOG_SHMFD, RINGS | ANSWERS, vhost_set_log_base },
	[VHOST_SET_LOG_FD] = { EMPTY, EVENTS, 0, 1, ANY, NOTHING, vhost_set_log_fd },
	[VHOST_SET_VRING_NUM] = { STATE, NONE, 0, 0, ANY, RINGS, vhost_set_vring_num },
	[VHOST_SET_VRING_ADDR] = { 40, 40, NONE, 0, 0, ANY, RINGS, vhost_set_vring_addr },
	[VHOST_SET_VRING_BASE] = { STATE, NONE, 0, 0, ANY, RINGS, vhost_set_vring_base },
	[VHOST_GET_VRING_BASE] = { STATE, NONE, 0, 0, ANY, RINGS | ANSWERS, vhost_get_vring_base },
	[VHOST_SET_VRING_KICK] = { U64, EVENTS, 0, 1, ANY, RINGS | FEATURES, vhost_set_vring_kick },
	[VHOST_SET_VRING_CALL] = { U64, EVENTS, 0, 1, ANY, RINGS, vhost_set_vring_call },
	[VHOST_SET_VRING_ERR] = { U64, EVENTS, 0, 1, ANY, NOTHING, vhost_set_vring_err },
	[VHOST_GET_PROTOCOL_FEATURES] = { EMPTY, NONE, 0, 0, ANY, ANSWERS, vhost_get_protocol_features },
	[VHOST_SET_PROTOCOL_FEATURES] = { U64, NONE, 0, 0, ANY, NOTHING, vhost_set_protocol_features },
	[VHOST_GET_QUEUE_NUM] = { EMPTY, NONE, 0, 0, VHOST_PROTOCOL_MQ, ANSWERS, vhost_get_queue_num },
	[VHOST_SET_VRING_ENABLE] = { STATE, NONE, 0, 0, ANY, RINGS, vhost_set_vring_enable },
	[VHOST_SEND_RARP] = { U64, NONE, 0, 0, VHOST_PROTOCOL_RARP, NOTHING, vhost_send_rarp },
	[VHOST_NET_SET_MTU] = { U64, NONE, 0, 0, VHOST_PROTOCOL_MTU, NOTHING, vhost_set_mtu },
	[VHOST_GET_INFLIGHT_FD] = { AREA, NONE, 0, 0, VHOST_PROTOCOL_INFLIGHT_SHMFD, ANSWERS, vhost_get_inflight_fd },
	[VHOST_SET_INFLIGHT_FD] = { AREA, FILES, 1, 1, VHOST_PROTOCOL_INFLIGHT_SHMFD, RINGS, vhost_set_inflight_fd },
	[VHOST_GET_MAX_MEM_SLOTS] = { EMPTY, NONE, 0, 0, VHOST_PROTOCOL_CONFIGURE_SLOTS, ANSWERS,
		vhost_get_max_mem_slots },
	[VHOST_ADD_MEM_REG] = { REGION, FILES, 1, 1, VHOST_PROTOCOL_CONFIGURE_SLOTS, RINGS, vhost_add_mem_reg },
	[VHOST_REM_MEM_REG] = { REGION, FILES, 0, 1, VHOST_PROTOCOL_CONFIGURE_SLOTS, RINGS, vhost_rem_mem_reg },
	[VHOST_SET_STATUS] = { U64, NONE, 0, 0, VHOST_PROTOCOL_STATUS, RINGS, vhost_set_status },
	[VHOST_GET_STATUS] = { EMPTY, NONE, 0, 0, VHOST_PROTOCOL_STATUS, ANSWERS, vhost_get_status },
};

// Whether all descriptors of M are files of memory or eventfds. Others may block whoever reads, writes or closes them: they stay
// M's, and the connection ends with them.
static bool
knows_all(struct vhost_port *port, const struct request *r, const struct vhost_message *m)
{
	for (unsigned int i = 0; i < m->n_fds; i++) {
		if (weft_window_takes(m->fds[i]) || weft_call_takes(m->fds[i]))
			continue;
		if (r->kind == FILES)
			vhost_refuse(port, EBADF, GUEST_MEMORY_KIND_TEXT);
		else
			vhost_refuse(port, EBADF, "sent %s (request %u) with a descriptor that is no eventfd",
				vhost_request_name(m->header.request), m->header.request);
		return false;
	}
	return true;
}

static bool
has_kind(const struct request *r, const struct vhost_message *m)
{
	for (unsigned int i = 0; i < m->n_fds; i++) {
		if (!(r->kind == FILES ? weft_window_takes : weft_call_takes)(m->fds[i]))
			return false;
	}
	return true;
}

// Whether M may be handled now, by the table.
static int
check(struct vhost_port *port, const struct request *r, const struct vhost_message *m)
{
	const char *name = vhost_request_name(m->header.request);

	if (r->handle == NULL)
		return vhost_refuse(
			port, EOPNOTSUPP, "sent %s (request %u), which weft does not offer", name, m->header.request);
	if (r->protocol != ANY && !vhost_has(port->protocol, (unsigned int)r->protocol))
		return vhost_refuse(port, EOPNOTSUPP, "sent %s without its protocol feature %s", name,
			vhost_protocol_name((unsigned int)r->protocol));
	if (m->header.size < r->least || m->header.size > r->most)
		return vhost_refuse(port, EINVAL, "sent %s with %u bytes", name, m->header.size);
	if (m->n_fds < r->fds_least || m->n_fds > r->fds_most)
		return vhost_refuse(port, EINVAL, "sent %s with %u descriptors", name, m->n_fds);
	if (r->kind == FILES && !has_kind(r, m))
		return vhost_refuse(port, EINVAL, GUEST_MEMORY_KIND_TEXT);
	if (!has_kind(r, m))
		return vhost_refuse(port, EINVAL, "sent %s with a descriptor that is no eventfd", name);
	if (r->needs & FEATURES && !port->negotiated)
		return vhost_refuse(port, EPROTO, "sent %s before SET_FEATURES", name);
	return 0;
}

static int
carry_out(struct vhost_port *port, const struct request *r, struct vhost_message *m)
{
	int ret = check(port, r, m);

	if (ret)
		return ret;
	if (r->needs & RINGS)
		vhost_device_suspend(port);
	return r->handle(port, m);
}

// Closes the descriptors that came with M and that nobody has taken. The last one of a file frees what is in it.
static void
drop(struct vhost_port *port, struct vhost_message *m, unsigned int n)
{
	struct vhost_trash *trash = NULL;

	for (unsigned int i = 0; i < n; i++) {
		if (m->fds[i] < 0)
			continue;
		if (trash == NULL && weft_window_takes(m->fds[i]))
			trash = vhost_trash_new();
		vhost_trash_fd(trash, m->fds[i]);
	}
	vhost_trash_out(trash, &port->trash);
}

int
vhost_request_handle(struct vhost_port *port, struct vhost_message *m)
{
	static const struct request none;
	const struct request *r = m->header.request < VHOST_N_REQUESTS ? &requests[m->header.request] : &none;
	// The negotiation itself is not acknowledged before it is done.
	bool asked = m->header.flags & VHOST_NEED_REPLY && vhost_has(port->protocol, VHOST_PROTOCOL_REPLY_ACK);
	uint8_t came = m->n_fds;
	int ret;

	if (!knows_all(port, r, m))
		return -EBADF;
	ret = carry_out(port, r, m);
	drop(port, m, came);
	if (ret == VHOST_ANSWER) {
		// The descriptor of an answer stands where one that came would: none came then.
		m->n_fds = came ? 0 : m->n_fds;
		return 1;
	}
	m->n_fds = 0;
	if (!asked || (ret && r->needs & ANSWERS))
		return ret;
	m->payload.u64 = ret != 0;
	m->header.size = sizeof(m->payload.u64);
	return 1;
}
