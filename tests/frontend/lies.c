// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "lies.h"

#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

const struct field lie_fields[] = {
	{ VHOST_SET_FEATURES, 0, 8 },
	{ VHOST_SET_PROTOCOL_FEATURES, 0, 8 },
	{ VHOST_SET_MEM_TABLE, 0, 4 },
	{ VHOST_SET_MEM_TABLE, 4, 4 },
	{ VHOST_SET_MEM_TABLE, 8, 8 },
	{ VHOST_SET_MEM_TABLE, 16, 8 },
	{ VHOST_SET_MEM_TABLE, 24, 8 },
	{ VHOST_SET_MEM_TABLE, 32, 8 },
	{ VHOST_SET_MEM_TABLE, 40, 8 },
	{ VHOST_SET_MEM_TABLE, 48, 8 },
	{ VHOST_SET_MEM_TABLE, 56, 8 },
	{ VHOST_SET_MEM_TABLE, 64, 8 },
	{ VHOST_SET_LOG_BASE, 0, 8 },
	{ VHOST_SET_LOG_BASE, 8, 8 },
	{ VHOST_SET_VRING_NUM, 0, 4 },
	{ VHOST_SET_VRING_NUM, 4, 4 },
	{ VHOST_SET_VRING_ADDR, 0, 4 },
	{ VHOST_SET_VRING_ADDR, 4, 4 },
	{ VHOST_SET_VRING_ADDR, 8, 8 },
	{ VHOST_SET_VRING_ADDR, 16, 8 },
	{ VHOST_SET_VRING_ADDR, 24, 8 },
	{ VHOST_SET_VRING_ADDR, 32, 8 },
	{ VHOST_SET_VRING_BASE, 0, 4 },
	{ VHOST_SET_VRING_BASE, 4, 4 },
	{ VHOST_GET_VRING_BASE, 0, 4 },
	{ VHOST_GET_VRING_BASE, 4, 4 },
	{ VHOST_SET_VRING_KICK, 0, 8 },
	{ VHOST_SET_VRING_CALL, 0, 8 },
	{ VHOST_SET_VRING_ERR, 0, 8 },
	{ VHOST_SET_VRING_ENABLE, 0, 4 },
	{ VHOST_SET_VRING_ENABLE, 4, 4 },
	{ VHOST_SEND_RARP, 0, 8 },
	{ VHOST_NET_SET_MTU, 0, 8 },
	{ VHOST_GET_INFLIGHT_FD, 0, 8 },
	{ VHOST_GET_INFLIGHT_FD, 8, 8 },
	{ VHOST_GET_INFLIGHT_FD, 16, 2 },
	{ VHOST_GET_INFLIGHT_FD, 18, 2 },
	{ VHOST_SET_INFLIGHT_FD, 0, 8 },
	{ VHOST_SET_INFLIGHT_FD, 8, 8 },
	{ VHOST_SET_INFLIGHT_FD, 16, 2 },
	{ VHOST_SET_INFLIGHT_FD, 18, 2 },
	{ VHOST_ADD_MEM_REG, 0, 8 },
	{ VHOST_ADD_MEM_REG, 8, 8 },
	{ VHOST_ADD_MEM_REG, 16, 8 },
	{ VHOST_ADD_MEM_REG, 24, 8 },
	{ VHOST_ADD_MEM_REG, 32, 8 },
	{ VHOST_REM_MEM_REG, 8, 8 },
	{ VHOST_REM_MEM_REG, 16, 8 },
	{ VHOST_REM_MEM_REG, 24, 8 },
	{ VHOST_SET_STATUS, 0, 8 },
};

const unsigned int n_lie_fields = LEN(lie_fields);

uint64_t
lie_value(unsigned int i, uint64_t before)
{
	const uint64_t end = FAKER_USER + FAKER_SIZE, end_gpa = FAKER_GPA + FAKER_SIZE;
	const uint64_t values[] = { 0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 127, 128, 255, 256, 257, 511, 512, 4095, 4096,
		4097, 32767, 32768, 32769, 65535, 65536, 65537, UINT32_MAX / 2, UINT32_MAX / 2 + 1, UINT32_MAX - 1,
		UINT32_MAX, UINT64_C(1) << 32, UINT64_C(1) << 46, UINT64_C(1) << 47, UINT64_C(1) << 62,
		UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1, UINT64_MAX - 4096, UINT64_MAX - 4095, UINT64_MAX - 1,
		UINT64_MAX,
		// Neighbours of what is there.
		before - 1, before + 1, before - 8, before + 8, before - 4096, before + 4096, before / 2, before * 2,
		before ^ BIT(VIRTIO_F_RING_PACKED), before ^ BIT(VHOST_F_LOG_ALL),
		before ^ BIT(VHOST_F_PROTOCOL_FEATURES), before ^ BIT(VIRTIO_RING_F_EVENT_IDX),
		before ^ BIT(VIRTIO_F_IN_ORDER), before | BIT(62),
		// Ends of the memory, less what a ring or a part of it needs.
		FAKER_USER, FAKER_USER - 1, FAKER_USER + 4, end - 1, end - 2, end - 4, end - 8, end - 16, end,
		end + 4096, end - 16 * FAKER_RING, end - 16 * FAKER_RING + 16, end - 4 - 2 * FAKER_RING,
		end - 6 - 2 * FAKER_RING, end - 4 - 8 * FAKER_RING, end - 6 - 8 * FAKER_RING, end - 8 * FAKER_RING,
		end - 4096,
		// The same for guest addresses, sizes and offsets.
		FAKER_GPA, end_gpa - 1, end_gpa, end_gpa - 4096, FAKER_SIZE, FAKER_SIZE - 1, FAKER_SIZE + 1,
		FAKER_SIZE + 4096, FAKER_SIZE - 4096, 0 - FAKER_SIZE, 0 - FAKER_GPA, 0 - FAKER_USER };

	static_assert(sizeof(values) / sizeof(values[0]) == LIE_VALUES, "as many as the header says");
	return values[i % LIE_VALUES];
}

static void
put64(struct lie *lie, unsigned int at, uint64_t value)
{
	memcpy(lie->payload + at, &value, sizeof(value));
}

static void
put_region(struct lie *lie, unsigned int at, uint64_t shift, uint64_t size)
{
	const struct vhost_region region = { FAKER_GPA + shift, size, FAKER_USER + shift, shift };

	memcpy(lie->payload + at, &region, sizeof(region));
}

// Messages of a word. Others have none, and no descriptor.
static const struct {
	uint32_t size;
	unsigned int n_fds;
	uint64_t word;
} plain[VHOST_N_REQUESTS] = {
	[VHOST_SET_FEATURES] = { 8, 0, BIT(VHOST_F_PROTOCOL_FEATURES) | BIT(VIRTIO_F_VERSION_1) },
	[VHOST_SET_LOG_FD] = { 0, 1, 0 },
	[VHOST_SET_VRING_NUM] = { 8, 0, 1 | (uint64_t)FAKER_RING << 32 },
	[VHOST_SET_VRING_BASE] = { 8, 0, 1 },
	[VHOST_GET_VRING_BASE] = { 8, 0, 1 },
	[VHOST_SET_VRING_KICK] = { 8, 1, 1 },
	[VHOST_SET_VRING_CALL] = { 8, 1, 1 },
	[VHOST_SET_VRING_ERR] = { 8, 1, 1 },
	[VHOST_SET_VRING_ENABLE] = { 8, 0, 1 | UINT64_C(1) << 32 },
	[VHOST_SEND_RARP] = { 8, 0, 0x563412005452 },
	[VHOST_NET_SET_MTU] = { 8, 0, 1500 },
	[VHOST_SET_STATUS] = { 8, 0, 15 },
};

static void
want_files(struct lie *lie, uint32_t size, unsigned int n_fds)
{
	lie->size = size;
	lie->n_fds = n_fds;
	lie->kind[0] = lie->kind[1] = FILE_MEMFD;
}

static void
put_long(struct lie *lie)
{
	const struct vhost_vring_addr addr = { .index = 1,
		.desc = FAKER_USER + FAKER_NEXT + FAKER_DESC,
		.used = FAKER_USER + FAKER_NEXT + FAKER_USED,
		.avail = FAKER_USER + FAKER_NEXT + FAKER_AVAIL };

	switch (lie->request) {
	case VHOST_SET_PROTOCOL_FEATURES:
		put64(lie, 0, faker_protocol);
		lie->size = 8;
		break;
	case VHOST_SET_MEM_TABLE:
		want_files(lie, 72, 2);
		put64(lie, 0, 2);
		put_region(lie, 8, 0, FAKER_SIZE / 2);
		put_region(lie, 40, FAKER_SIZE / 2, FAKER_SIZE / 2);
		break;
	case VHOST_SET_LOG_BASE:
		want_files(lie, 16, 1);
		put64(lie, 0, FAKER_LOG);
		break;
	case VHOST_SET_VRING_ADDR:
		lie->size = sizeof(addr);
		memcpy(lie->payload, &addr, sizeof(addr));
		break;
	case VHOST_GET_INFLIGHT_FD:
	case VHOST_SET_INFLIGHT_FD:
		want_files(lie, 24, lie->request == VHOST_SET_INFLIGHT_FD);
		put64(lie, 0, UINT64_C(1) << 16);
		put64(lie, 16, 2 | FAKER_RING << 16);
		break;
	case VHOST_ADD_MEM_REG:
	case VHOST_REM_MEM_REG:
		want_files(lie, 40, lie->request == VHOST_ADD_MEM_REG);
		put_region(lie, 8, lie->request == VHOST_ADD_MEM_REG ? FAKER_SIZE : 0, FAKER_SIZE);
		put64(lie, 32, 0);
		break;
	default:
		break;
	}
}

void
lie_honest(struct lie *lie, uint32_t request)
{
	memset(lie, 0, sizeof(*lie));
	lie->request = request;
	lie->flags = VHOST_VERSION;
	lie->size = request < VHOST_N_REQUESTS ? plain[request].size : 8;
	lie->n_fds = request < VHOST_N_REQUESTS ? plain[request].n_fds : 0;
	lie->kind[0] = FILE_EVENT;
	put64(lie, 0, request < VHOST_N_REQUESTS ? plain[request].word : 0);
	put_long(lie);
}

void
lie_set(struct lie *lie, const struct field *field, uint64_t value)
{
	memcpy(lie->payload + field->offset, &value, field->width);
}

uint64_t
lie_get(const struct lie *lie, const struct field *field)
{
	uint64_t value = 0;

	memcpy(&value, lie->payload + field->offset, field->width);
	return value;
}

bool
lie_send(struct faker *f, const struct lie *lie)
{
	int fds[253];

	for (unsigned int i = 0; i < lie->n_fds; i++)
		fds[i] = lie->kind[i] == FILE_MEMFD   ? f->memory_fd
			 : lie->kind[i] == FILE_EVENT ? f->event
			 : lie->kind[i] == FILE_SELF  ? f->w.sock
						      : file_of(lie->kind[i]);
	return wire_send(&f->w, lie->request, lie->flags, lie->payload, lie->size, fds, lie->n_fds);
}
