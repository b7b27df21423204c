// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "guest.h"

#include <errno.h>

struct rte_mempool *guest_pool;

const uint64_t guest_layouts[6] = { 0, PACKED, FEATURE(VIRTIO_F_IN_ORDER), PACKED | FEATURE(VIRTIO_F_IN_ORDER),
	FEATURE(VIRTIO_RING_F_EVENT_IDX), PACKED | FEATURE(VIRTIO_RING_F_EVENT_IDX) };

int
guest_setup(void **state)
{
	(void)state;
	guest_pool = arena_pool();
	return 0;
}

static uint64_t
slot_of(unsigned int ring, uint32_t i)
{
	return LIAR_DATA + (ring * GUEST_RING + i % GUEST_RING) * GUEST_SLOT;
}

static uint32_t
length_of(uint32_t i)
{
	return 60 + i * 37 % 1400;
}

int
guest_start_ring(struct guest *g, uint32_t i, int call)
{
	struct driver *d = &g->d[i];
	uint64_t at = LIAR_USER + i * GUEST_PART;
	bool packed = d->features & PACKED;
	uint32_t base = packed ? d->next_used | (uint32_t)d->used_wrap << 15 : 0;
	int ret = liar_set_state(&g->l, VHOST_SET_VRING_NUM, i, GUEST_RING) |
		  liar_set_state(&g->l, VHOST_SET_VRING_BASE, i, base) |
		  liar_set_addr(&g->l, i, at, at + (uint64_t)((uint8_t *)d->avail - d->base),
			  at + (uint64_t)((uint8_t *)d->used - d->base));

	if (call >= 0)
		ret |= liar_set_u64(&g->l, VHOST_SET_VRING_CALL, i, call);
	if (ret == 0)
		ret = liar_set_u64(&g->l, VHOST_SET_VRING_KICK, i | VHOST_VRING_NO_FD, -1);
	return ret ? ret : liar_set_state(&g->l, VHOST_SET_VRING_ENABLE, i, 1);
}

uint32_t
guest_stop_ring(struct guest *g, uint32_t i)
{
	union vhost_payload answer;

	liar_send(&g->l, VHOST_GET_VRING_BASE, VHOST_VERSION, &(struct vhost_vring_state){ i, 0 }, 8, NULL, 0);
	assert_int_equal(liar_run(&g->l), 0);
	assert_int_equal(liar_answer(&g->l, VHOST_GET_VRING_BASE, &answer, NULL), 8);
	assert_int_equal(answer.state.index, i);
	return answer.state.num;
}

void
guest_offer(struct guest *g, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++, g->offered++) {
		struct piece piece = { LIAR_GPA + slot_of(0, g->offered), GUEST_SLOT };

		if (!driver_add(&g->d[0], &piece, 1, false, g->offered % GUEST_RING))
			return;
	}
}

void
guest_init(struct guest *g, uint64_t features)
{
	memset(g, 0, sizeof(*g));
	liar_open(&g->l);
	g->l.io.pool = guest_pool;
	for (unsigned int i = 0; i < 2; i++)
		driver_init(&g->d[i], g->l.memory + i * GUEST_PART, LIAR_GPA + i * GUEST_PART, GUEST_RING,
			features | FEATURE(VIRTIO_F_VERSION_1), i == 0);
	liar_negotiate(&g->l, features);
	assert_int_equal(
		liar_set_region(&g->l, VHOST_SET_MEM_TABLE, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, g->l.memory_fd), 0);
}

void
guest_start(struct guest *g, uint64_t features, int call)
{
	guest_init(g, features);
	assert_int_equal(guest_start_ring(g, 0, call), 0);
	assert_int_equal(guest_start_ring(g, 1, call), 0);
	assert_true(atomic_load(&g->l.io.link));
	guest_offer(g, GUEST_RING / 2);
}

void
guest_send(struct guest *g, uint32_t n)
{
	// The buffer may still be one that weft has to read.
	for (uint32_t i = 0; i < n && g->d[1].free; i++) {
		uint32_t len = length_of(g->sent);
		uint64_t at = slot_of(1, g->sent);
		struct piece piece = { LIAR_GPA + at, 12 + len };

		memset(g->l.memory + at, 0, 12);
		memset(g->l.memory + at + 12, (int)g->sent, len);
		if (!driver_add(&g->d[1], &piece, 1, false, g->sent))
			return;
		g->sent++;
	}
}

uint16_t
guest_echo(struct guest *g)
{
	struct rte_mbuf *pkts[VHOST_BURST];
	int64_t bytes = INT64_MAX;
	uint16_t n = weft_vhost_ops.rx(&g->l.io, 0, pkts, VHOST_BURST, &bytes), sent;

	sent = n ? weft_vhost_ops.tx(&g->l.io, 0, pkts, n) : 0;
	for (uint16_t i = sent; i < n; i++)
		rte_pktmbuf_free(pkts[i]);
	weft_vhost_ops.notify(&g->l.io);
	return n;
}

uint32_t
guest_take(struct guest *g)
{
	uint32_t cookie, len, n = 0;

	while (driver_take(&g->d[1], &cookie, &len))
		;
	while (driver_take(&g->d[0], &cookie, &len)) {
		const uint8_t *frame = g->l.memory + slot_of(0, cookie) + 12;

		assert_int_equal(len, 12 + length_of(g->received));
		for (uint32_t i = 0; i < length_of(g->received); i++)
			assert_int_equal(frame[i], (uint8_t)g->received);
		g->received++;
		n++;
	}
	assert_string_equal(g->d[0].error, "");
	assert_string_equal(g->d[1].error, "");
	return n;
}

void
guest_check_traffic(struct guest *g)
{
	for (unsigned int i = 0; i < 5; i++) {
		guest_send(g, 20);
		guest_offer(g, 20);
		assert_int_equal(guest_echo(g), 20);
		assert_int_equal(guest_take(g), 20);
	}
	assert_int_equal(g->sent, g->received);
	assert_int_equal(rte_mempool_avail_count(guest_pool), GUEST_POOL);
}

void
guest_close(struct guest *g)
{
	liar_close(&g->l);
	assert_int_equal(rte_mempool_avail_count(guest_pool), GUEST_POOL);
}
