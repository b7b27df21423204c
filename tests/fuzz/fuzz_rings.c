// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A guest's ring memory as the fuzzer likes it, while weft's own rings read and write: no access outside the guest's
// memory, no broken mbuf, none lost. The input: two bytes of layout, then commands of four bytes: read, write, or put
// the bytes that follow somewhere into the rings.
#include <stdlib.h>
#include <string.h>

#include "arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rte_mempool *pool;

static void
read_frames(struct arena *a, uint16_t n)
{
	struct rte_mbuf *pkts[VHOST_BURST];
	int64_t bytes = INT64_MAX;
	const char *why;

	n = a->ring[1].ops->dequeue(&a->ring[1], pool, pkts, n, &bytes);
	a->ring[1].ops->notify(&a->ring[1]);
	for (uint16_t i = 0; i < n; i++) {
		if (rte_mbuf_check(pkts[i], 1, &why))
			abort();
		rte_pktmbuf_free(pkts[i]);
	}
}

static void
write_frames(struct arena *a, uint16_t n, uint16_t len)
{
	struct rte_mbuf *pkts[VHOST_BURST];

	if (rte_pktmbuf_alloc_bulk(pool, pkts, n))
		return;
	for (uint16_t i = 0; i < n; i++) {
		memset(rte_pktmbuf_append(pkts[i], len), i, len);
	}
	a->ring[0].ops->enqueue(&a->ring[0], pkts, n);
	a->ring[0].ops->notify(&a->ring[0]);
	rte_pktmbuf_free_bulk(pkts, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int bits[] = { VIRTIO_F_RING_PACKED, VIRTIO_F_IN_ORDER, VIRTIO_NET_F_MRG_RXBUF,
		VIRTIO_RING_F_INDIRECT_DESC, VIRTIO_RING_F_EVENT_IDX, VIRTIO_F_VERSION_1 };
	struct arena a;
	uint64_t features = 0;

	if (pool == NULL)
		pool = arena_pool();
	if (size < 2)
		return 0;
	for (unsigned int i = 0; i < RTE_DIM(bits); i++)
		features |= data[0] >> i & 1 ? FEATURE(bits[i]) : 0;
	arena_init(&a, (uint16_t)(8u << data[1] % 3), features, data[1] & 0x80);
	for (data += 2, size -= 2; size >= 4;) {
		uint8_t command = data[0], n = data[1];
		uint32_t where = data[2] | (uint32_t)data[3] << 8;

		data += 4;
		size -= 4;
		if (command % 4 == 0) {
			read_frames(&a, 1 + n % VHOST_BURST);
		} else if (command % 4 == 1) {
			write_frames(&a, 1 + n % VHOST_BURST, (uint16_t)(14 + where % 1800));
		} else {
			// Ring 0 begins with its descriptors, ring 1 half way through the region.
			uint64_t at = (command & 4 ? a.length[0] / 2 : 0) + where % (a.length[0] / 2);
			size_t len = RTE_MIN((size_t)n + 1, RTE_MIN(size, (size_t)(a.length[0] - at)));

			memcpy(a.memory[0] + at, data, len);
			data += len;
			size -= len;
		}
	}
	arena_free(&a);
	if (rte_mempool_avail_count(pool) != 2047)
		abort();
	return 0;
}
