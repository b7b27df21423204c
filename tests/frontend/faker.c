// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "faker.h"

#include <err.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files.h"

#define FRAME 128 // bytes, virtio's header and all

uint64_t faker_protocol;

const char *
state_name(enum state state)
{
	static const char *const names[STATES] = { "fresh", "protocol", "owner", "features", "memory", "rings", "split",
		"packed", "logged", "inflight", "stopped", "reset", "refused" };

	return names[state];
}

void
faker_init(struct faker *f)
{
	*f = (struct faker){ .w.sock = -1, .w.fd = -1, .memory_fd = -1, .pages_fd = -1 };
	f->log_fd = file_memory(FAKER_LOG);
	f->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	faker_renew(f);
}

static void
free_memory(struct faker *f)
{
	if (f->memory_fd < 0)
		return;
	munmap(f->memory, FAKER_SIZE);
	close(f->memory_fd);
}

void
faker_renew(struct faker *f)
{
	free_memory(f);
	f->memory_fd = file_memory(FAKER_SIZE);
	f->memory = mmap(NULL, FAKER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f->memory_fd, 0);
	if (f->memory == MAP_FAILED)
		err(1, "memory");
}

void
faker_free(struct faker *f)
{
	wire_close(&f->w);
	free_memory(f);
	close(f->log_fd);
	close(f->event);
	if (f->pages_fd >= 0)
		close(f->pages_fd);
}

bool
faker_say(struct faker *f, uint32_t request, uint64_t value, int fd)
{
	return wire_send(&f->w, request, VHOST_VERSION, &value, sizeof(value), &fd, fd >= 0);
}

bool
faker_tell(struct faker *f, uint32_t request, uint32_t index, uint32_t num)
{
	const struct vhost_vring_state state = { index, num };

	return wire_send(&f->w, request, VHOST_VERSION, &state, sizeof(state), NULL, 0);
}

bool
faker_ask(struct faker *f, uint32_t request)
{
	return wire_send(&f->w, request, VHOST_VERSION, NULL, 0, NULL, 0);
}

void
faker_learn(struct faker *f, struct door *door)
{
	if (!wire_open(&f->w, door) || !faker_ask(f, VHOST_GET_PROTOCOL_FEATURES) ||
		!wire_wait(&f->w, VHOST_GET_PROTOCOL_FEATURES))
		errx(1, "%s: weft does not say which features of the protocol it has", door->path);
	// Only those of which the messages of this test know.
	faker_protocol = f->w.answer.u64 & (BIT(VHOST_PROTOCOL_MQ) | BIT(VHOST_PROTOCOL_LOG_SHMFD) |
						   BIT(VHOST_PROTOCOL_RARP) | BIT(VHOST_PROTOCOL_REPLY_ACK) |
						   BIT(VHOST_PROTOCOL_MTU) | BIT(VHOST_PROTOCOL_INFLIGHT_SHMFD) |
						   BIT(VHOST_PROTOCOL_CONFIGURE_SLOTS) | BIT(VHOST_PROTOCOL_STATUS));
	wire_close(&f->w);
}

void
faker_negotiate(struct faker *f, uint64_t features)
{
	f->features = features | BIT(VHOST_F_PROTOCOL_FEATURES) | BIT(VIRTIO_F_VERSION_1);
	f->packed = vhost_has(features, VIRTIO_F_RING_PACKED);
	faker_say(f, VHOST_SET_PROTOCOL_FEATURES, faker_protocol, -1);
	faker_ask(f, VHOST_SET_OWNER);
	faker_say(f, VHOST_SET_FEATURES, f->features, -1);
}

void
faker_give_memory(struct faker *f)
{
	union vhost_payload m = { 0 };

	m.table.n = 1;
	m.table.region[0] = (struct vhost_region){ FAKER_GPA, FAKER_SIZE, FAKER_USER, 0 };
	wire_send(&f->w, VHOST_SET_MEM_TABLE, VHOST_VERSION, &m, 40, &f->memory_fd, 1);
}

void
faker_give_log(struct faker *f, uint64_t size, uint64_t offset)
{
	const uint64_t log[2] = { size, offset };

	wire_send(&f->w, VHOST_SET_LOG_BASE, VHOST_VERSION, log, sizeof(log), &f->log_fd, 1);
}

void
faker_give_pages(struct faker *f)
{
	struct vhost_inflight_area area = { .n_queues = 2, .queue_size = FAKER_RING };

	wire_send(&f->w, VHOST_GET_INFLIGHT_FD, VHOST_VERSION, &area, sizeof(area), NULL, 0);
	if (!wire_wait(&f->w, VHOST_GET_INFLIGHT_FD) || f->w.fd < 0)
		return;
	if (f->pages_fd >= 0)
		close(f->pages_fd);
	f->pages_fd = f->w.fd;
	f->w.fd = -1;
	memcpy(&area, f->w.answer.bytes, sizeof(area));
	wire_send(&f->w, VHOST_SET_INFLIGHT_FD, VHOST_VERSION, &area, sizeof(area), &f->pages_fd, 1);
}

void
faker_place_ring(struct faker *f, uint32_t ring, uint64_t desc, uint64_t avail, uint64_t used)
{
	const struct vhost_vring_addr addr = {
		.index = ring, .desc = FAKER_USER + desc, .avail = FAKER_USER + avail, .used = FAKER_USER + used
	};

	wire_send(&f->w, VHOST_SET_VRING_ADDR, VHOST_VERSION, &addr, sizeof(addr), NULL, 0);
}

void
faker_set_up(struct faker *f, uint32_t ring)
{
	uint64_t at = ring * FAKER_NEXT;

	faker_tell(f, VHOST_SET_VRING_NUM, ring, FAKER_RING);
	faker_tell(f, VHOST_SET_VRING_BASE, ring, f->packed ? 0x8000 : 0);
	faker_place_ring(f, ring, at + FAKER_DESC, at + FAKER_AVAIL, at + FAKER_USED);
	faker_say(f, VHOST_SET_VRING_CALL, ring, f->event);
}

void
faker_kick(struct faker *f)
{
	faker_say(f, VHOST_SET_VRING_KICK, 0, f->event);
	faker_say(f, VHOST_SET_VRING_KICK, 1, f->event);
}

void
faker_enable(struct faker *f)
{
	// The driver is ready (VIRTIO 1.1, 2.1).
	if (vhost_has(faker_protocol, VHOST_PROTOCOL_STATUS))
		faker_say(f, VHOST_SET_STATUS, 15, -1);
	faker_tell(f, VHOST_SET_VRING_ENABLE, 0, 1);
	faker_tell(f, VHOST_SET_VRING_ENABLE, 1, 1);
}

static void
go_on(struct faker *f, enum state state)
{
	uint64_t features = state == STATE_PACKED || state == STATE_INFLIGHT ? BIT(VIRTIO_F_RING_PACKED) : 0;

	if (state == STATE_FRESH)
		return;
	if (state <= STATE_OWNER) {
		faker_say(f, VHOST_SET_PROTOCOL_FEATURES, faker_protocol, -1);
		if (state == STATE_OWNER)
			faker_ask(f, VHOST_SET_OWNER);
		return;
	}
	faker_negotiate(f, features | (state == STATE_LOGGED ? BIT(VHOST_F_LOG_ALL) : 0));
	if (state == STATE_FEATURES)
		return;
	faker_give_memory(f);
	if (state == STATE_MEMORY)
		return;
	if (state == STATE_LOGGED)
		faker_give_log(f, FAKER_LOG, 0);
	for (uint32_t i = 0; i < 2; i++)
		faker_tell(f, VHOST_SET_VRING_NUM, i, FAKER_RING);
	if (state == STATE_INFLIGHT)
		faker_give_pages(f);
	for (uint32_t i = 0; i < 2; i++)
		faker_set_up(f, i);
	if (state == STATE_RINGS)
		return;
	faker_kick(f);
	faker_enable(f);
	if (state == STATE_STOPPED) {
		faker_tell(f, VHOST_GET_VRING_BASE, 0, 0);
		faker_tell(f, VHOST_GET_VRING_BASE, 1, 0);
	} else if (state == STATE_RESET) {
		faker_ask(f, VHOST_RESET_OWNER);
	} else if (state == STATE_REFUSED) {
		const struct vhost_vring_state wrong = { 0, 40000 };

		wire_send(&f->w, VHOST_SET_VRING_NUM, VHOST_VERSION | VHOST_NEED_REPLY, &wrong, sizeof(wrong), NULL, 0);
	}
}

bool
faker_reach(struct faker *f, struct door *door, enum state state)
{
	f->packed = false;
	f->filled[0] = f->filled[1] = 0;
	memset(f->memory, 0, 2 * FAKER_NEXT);
	if (!wire_open(&f->w, door))
		return false;
	go_on(f, state);
	return !f->w.over;
}

static void
fill_split(struct faker *f, uint32_t ring, uint16_t n)
{
	uint8_t *base = f->memory + ring * FAKER_NEXT;
	struct vring_desc *desc = (void *)(base + FAKER_DESC);
	struct vring_avail *avail = (void *)(base + FAKER_AVAIL);

	for (uint16_t i = 0; i < n; i++, f->filled[ring]++) {
		uint16_t at = f->filled[ring] % FAKER_RING;

		desc[at] = (struct vring_desc){ FAKER_GPA + FAKER_DATA + at * FAKER_SLOT, ring ? FRAME : FAKER_SLOT,
			ring ? 0 : VRING_DESC_F_WRITE, 0 };
		avail->ring[at] = at;
	}
	__atomic_store_n(&avail->idx, f->filled[ring], __ATOMIC_RELEASE);
}

static void
fill_packed(struct faker *f, uint32_t ring, uint16_t n)
{
	struct vring_packed_desc *desc = (void *)(f->memory + ring * FAKER_NEXT + FAKER_DESC);

	for (uint16_t i = 0; i < n; i++, f->filled[ring]++) {
		uint16_t at = f->filled[ring] % FAKER_RING;
		bool wrap = (f->filled[ring] / FAKER_RING) % 2 == 0;

		desc[at].addr = FAKER_GPA + FAKER_DATA + at * FAKER_SLOT;
		desc[at].len = ring ? FRAME : FAKER_SLOT;
		desc[at].id = at;
		__atomic_store_n(&desc[at].flags,
			(uint16_t)((ring ? 0 : VRING_DESC_F_WRITE) |
				   (wrap ? 1 << VRING_PACKED_DESC_F_AVAIL : 1 << VRING_PACKED_DESC_F_USED)),
			__ATOMIC_RELEASE);
	}
}

// The frames are broadcasts: they reach all who share the network.
void
faker_feed(struct faker *f, uint16_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *frame = f->memory + FAKER_DATA + (f->filled[1] + i) % FAKER_RING * FAKER_SLOT;

		memset(frame, 0, FRAME);
		memset(frame + 12, 0xff, 6);
		memcpy(frame + 18, "\x52\x54\0\1\2\3\x88\xb6", 8);
	}
	for (uint32_t ring = 0; ring < 2; ring++)
		(f->packed ? fill_packed : fill_split)(f, ring, n);
}

uint16_t
faker_used(const struct faker *f, uint32_t ring)
{
	const struct vring_used *used = (const void *)(f->memory + ring * FAKER_NEXT + FAKER_USED);

	return __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE);
}
