// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "vhost_input.h"

#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <rte_common.h>

#define PROTOCOL                                                                                                       \
	(1ULL << VHOST_PROTOCOL_MQ | 1ULL << VHOST_PROTOCOL_LOG_SHMFD | 1ULL << VHOST_PROTOCOL_RARP |                  \
		1ULL << VHOST_PROTOCOL_REPLY_ACK | 1ULL << VHOST_PROTOCOL_MTU |                                        \
		1ULL << VHOST_PROTOCOL_INFLIGHT_SHMFD | 1ULL << VHOST_PROTOCOL_CONFIGURE_SLOTS |                       \
		1ULL << VHOST_PROTOCOL_STATUS)

uint8_t
input_u8(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

uint16_t
input_u16(struct input *in)
{
	uint16_t low = input_u8(in);

	return (uint16_t)(low | input_u8(in) << 8);
}

uint64_t
input_u64(struct input *in)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 64; i += 16)
		value |= (uint64_t)input_u16(in) << i;
	return value;
}

uint64_t
input_near(struct input *in, uint64_t honest)
{
	static const uint64_t edges[16] = { 0, 1, 2, 7, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX - 4095, UINT64_MAX };
	uint8_t how = input_u8(in);

	if (how < 0xa0)
		return honest;
	if (how < 0xb8)
		return honest + (uint64_t)(int64_t)(int8_t)input_u8(in);
	if (how < 0xd0)
		return honest + (uint64_t)(int64_t)(int8_t)input_u8(in) * 4096;
	if (how < 0xe0)
		return input_u16(in);
	return how < 0xf0 ? edges[how & 0xf] : input_u64(in);
}

uint64_t
input_features(uint8_t bits)
{
	static const uint8_t choice[] = { VIRTIO_F_RING_PACKED, VIRTIO_F_IN_ORDER, VIRTIO_NET_F_MRG_RXBUF,
		VIRTIO_RING_F_INDIRECT_DESC, VIRTIO_RING_F_EVENT_IDX, VHOST_F_LOG_ALL };
	uint64_t features = 0;

	for (unsigned int i = 0; i < RTE_DIM(choice); i++)
		features |= (uint64_t)(bits >> i & 1) << choice[i];
	// The last two bits leave out what nearly all have.
	features |= bits & 0x40 ? 0 : 1ULL << VIRTIO_F_VERSION_1;
	return features | (bits & 0x80 ? 0 : 1ULL << VHOST_F_PROTOCOL_FEATURES);
}

static uint32_t
ring_index(struct input *in)
{
	uint8_t i = input_u8(in);

	return i < 0xf0 ? i % FUZZ_RINGS : (uint32_t)input_near(in, VHOST_VRING_INDEX);
}

static void
add_file(struct input *in, struct fuzz_message *m, enum fuzz_file honest)
{
	uint8_t which = input_u8(in);

	if (m->n_files < RTE_DIM(m->files))
		m->files[m->n_files++] = which ? (enum fuzz_file)(which % FUZZ_FILES) : honest;
}

static void
fill_region(struct input *in, struct vhost_region *region, uint64_t number)
{
	region->gpa = input_near(in, FUZZ_GPA + number * FUZZ_SIZE);
	region->size = input_near(in, number == FILE_SHORT ? FUZZ_SMALL : FUZZ_SIZE);
	region->user = input_near(in, FUZZ_USER + number * FUZZ_SIZE);
	region->offset = input_near(in, 0);
}

static uint32_t
fill_table(struct input *in, struct fuzz_message *m, union vhost_payload *p)
{
	p->table.n = (uint32_t)input_near(in, 1 + input_u8(in) % 3);
	for (uint32_t i = 0; i < RTE_MIN(p->table.n, (uint32_t)VHOST_TABLE_REGIONS); i++) {
		fill_region(in, &p->table.region[i], i);
		add_file(in, m, (enum fuzz_file)(i % (FILE_SHORT + 1)));
	}
	return 8 + 32 * RTE_MIN(p->table.n, (uint32_t)VHOST_TABLE_REGIONS);
}

static uint32_t
fill_address(struct input *in, struct vhost_vring_addr *addr)
{
	uint64_t ring;

	addr->index = ring_index(in);
	ring = FUZZ_USER + addr->index % FUZZ_RINGS * FUZZ_RING;
	addr->desc = input_near(in, ring);
	addr->avail = input_near(in, ring + FUZZ_AVAIL);
	addr->used = input_near(in, ring + FUZZ_USED);
	addr->flags = (uint32_t)input_near(in, 0);
	addr->log = input_near(in, 0);
	return sizeof(*addr);
}

// A message that names a ring, and may bring a descriptor to call.
static uint32_t
fill_event(struct input *in, struct fuzz_message *m, union vhost_payload *p)
{
	uint8_t with = input_u8(in);

	p->u64 = input_near(in, ring_index(in) | (with & 1 ? 0 : VHOST_VRING_NO_FD));
	if (with & 1)
		add_file(in, m, FILE_EVENT);
	return 8;
}

static uint32_t
fill_state(struct input *in, struct vhost_vring_state *state, uint64_t honest)
{
	state->index = ring_index(in);
	state->num = (uint32_t)input_near(in, honest);
	return sizeof(*state);
}

static uint32_t
fill_inflight(struct input *in, struct fuzz_message *m, struct vhost_inflight_area *area)
{
	area->n_queues = (uint16_t)input_near(in, FUZZ_RINGS);
	area->queue_size = (uint16_t)input_near(in, FUZZ_ENTRIES);
	area->size = input_near(in, FUZZ_SMALL);
	area->offset = input_near(in, 0);
	if (m->header.request == VHOST_SET_INFLIGHT_FD)
		add_file(in, m, FILE_INFLIGHT);
	return sizeof(*area);
}

static uint32_t
fill_log(struct input *in, struct fuzz_message *m, union vhost_payload *p)
{
	p->log.size = input_near(in, FUZZ_SMALL);
	p->log.offset = input_near(in, 0);
	add_file(in, m, FILE_LOG);
	return sizeof(p->log);
}

static uint32_t
fill_u64(struct input *in, union vhost_payload *p, uint64_t honest)
{
	p->u64 = input_near(in, honest);
	return sizeof(p->u64);
}

// Makes a payload for M's request. Returns how many bytes an honest one has.
static uint32_t
fill(struct input *in, struct fuzz_message *m, union vhost_payload *p)
{
	switch (m->header.request) {
	case VHOST_SET_FEATURES:
		return fill_u64(in, p, input_features(input_u8(in)));
	case VHOST_SET_PROTOCOL_FEATURES:
		return fill_u64(in, p, PROTOCOL);
	case VHOST_SET_MEM_TABLE:
		return fill_table(in, m, p);
	case VHOST_ADD_MEM_REG:
	case VHOST_REM_MEM_REG:
		fill_region(in, &p->one.region, input_u8(in) % 16);
		if (m->header.request == VHOST_ADD_MEM_REG)
			add_file(in, m, FILE_MEMORY);
		return sizeof(p->one);
	case VHOST_SET_LOG_BASE:
		return fill_log(in, m, p);
	case VHOST_SET_VRING_NUM:
		return fill_state(in, &p->state, FUZZ_ENTRIES);
	case VHOST_SET_VRING_ENABLE:
		return fill_state(in, &p->state, 1);
	case VHOST_SET_VRING_BASE:
	case VHOST_GET_VRING_BASE:
		return fill_state(in, &p->state, 0);
	case VHOST_SET_VRING_ADDR:
		return fill_address(in, &p->addr);
	case VHOST_SET_VRING_KICK:
	case VHOST_SET_VRING_CALL:
	case VHOST_SET_VRING_ERR:
		return fill_event(in, m, p);
	case VHOST_GET_INFLIGHT_FD:
	case VHOST_SET_INFLIGHT_FD:
		return fill_inflight(in, m, &p->inflight);
	case VHOST_SEND_RARP:
	case VHOST_NET_SET_MTU:
		return fill_u64(in, p, 1500);
	case VHOST_SET_STATUS:
		return fill_u64(in, p, 15);
	default:
		return 0;
	}
}

void
input_message(struct input *in, struct fuzz_message *m)
{
	union vhost_payload payload = { 0 };
	uint8_t request = input_u8(in), flags = input_u8(in);
	unsigned int wanted;

	memset(m, 0, sizeof(*m));
	m->header.request = request < 0xf0 ? request % VHOST_N_REQUESTS : (uint32_t)input_near(in, request);
	m->header.flags = flags < 0xf0 ? VHOST_VERSION | (flags & 1 ? 0 : VHOST_NEED_REPLY)
				       : (uint32_t)input_near(in, VHOST_VERSION);
	m->header.size = (uint32_t)input_near(in, fill(in, m, &payload));
	memcpy(m->payload, &payload, sizeof(payload));
	m->size = sizeof(m->header) + RTE_MIN(m->header.size, (uint32_t)sizeof(m->payload));
	wanted = (unsigned int)input_near(in, m->n_files);
	wanted = RTE_MIN(wanted, (unsigned int)RTE_DIM(m->files));
	while (m->n_files < wanted)
		add_file(in, m, FILE_EVENT);
	m->n_files = wanted;
}
