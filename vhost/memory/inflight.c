// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "inflight.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_common.h>

#include "weft/limits.h"

#define MAX_QUEUES (2 * WEFT_MAX_QUEUE_PAIRS)
#define MAX_SIZE   32768 // entries of a ring (VIRTIO 1.1, 2.6)
// A split ring's page as the specification has it: 24 bytes, and 16 for each entry. weft only leaves room for it.
#define SPLIT_HEAD 24
#define SPLIT_ITEM 16

static size_t
page_size(uint16_t entries, bool packed)
{
	size_t size = packed ? sizeof(struct vhost_inflight_packed) + entries * sizeof(struct vhost_inflight_desc)
			     : SPLIT_HEAD + (size_t)entries * SPLIT_ITEM;

	return RTE_ALIGN_CEIL(size, (size_t)RTE_CACHE_LINE_SIZE);
}

static bool
is_sound(const struct vhost_inflight_area *area)
{
	return area->n_queues && area->n_queues <= MAX_QUEUES && area->queue_size && area->queue_size <= MAX_SIZE;
}

int
weft_inflight_make(struct vhost_inflight_area *area, bool packed)
{
	int fd, ret;

	if (!is_sound(area))
		return -EINVAL;
	area->size = page_size(area->queue_size, packed) * area->n_queues;
	area->offset = 0;
	fd = memfd_create("weft-inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)area->size) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int
weft_inflight_map(struct vhost_inflight *inflight, const struct vhost_inflight_area *area, int fd, bool packed)
{
	struct vhost_inflight fresh = { .n_queues = area->n_queues, .queue_size = area->queue_size };

	if (!is_sound(area) || area->offset % 8)
		return -EINVAL;
	fresh.page = page_size(area->queue_size, packed);
	if (area->size < fresh.page * area->n_queues)
		return -EINVAL;
	fresh.base = weft_window_map(&fresh.window, NULL, fd, area->offset, fresh.page * area->n_queues);
	if (fresh.base == NULL)
		return -errno;
	*inflight = fresh;
	return 0;
}

struct vhost_inflight_packed *
weft_inflight_page(const struct vhost_inflight *inflight, uint16_t index, uint16_t size)
{
	if (inflight->base == NULL || index >= inflight->n_queues || size > inflight->queue_size ||
		inflight->page != page_size(inflight->queue_size, true))
		return NULL;
	return (struct vhost_inflight_packed *)(void *)(inflight->base + index * inflight->page);
}
