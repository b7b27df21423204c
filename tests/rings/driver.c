// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A driver's side of a virtqueue (VIRTIO 1.1, 2.6 and 2.7).
#include <stdio.h>
#include <string.h>

#include "driver.h"

static bool
has(const struct driver *d, int bit)
{
	return d->features >> bit & 1;
}

static bool
is_packed(const struct driver *d)
{
	return has(d, VIRTIO_F_RING_PACKED);
}

void
driver_init(struct driver *d, uint8_t *base, uint64_t gpa, uint16_t size, uint64_t features, bool to_guest)
{
	memset(d, 0, sizeof(*d));
	d->features = features;
	d->size = size;
	d->to_guest = to_guest;
	d->base = base;
	d->gpa = gpa;
	d->desc = (struct vring_desc *)(void *)base;
	d->avail = (struct vring_avail *)(void *)(base + size * 16);
	d->used = (struct vring_used *)(void *)(base + size * 16 + 4096);
	d->tables = base + size * 16 + 4096 + size * 8 + 4096;
	d->avail_wrap = d->used_wrap = true;
	d->free = size;
	// Numbers are handed out from the end, so that they are not the ring's order.
	for (uint16_t i = 0; i < size; i++)
		d->free_ids[d->n_free_ids++] = i;
}

static uint16_t
flags_of(const struct driver *d, bool more)
{
	return (d->to_guest ? VRING_DESC_F_WRITE : 0) | (more ? VRING_DESC_F_NEXT : 0);
}

static uint16_t
take_id(struct driver *d)
{
	return d->free_ids[--d->n_free_ids];
}

static void
remember(struct driver *d, uint16_t id, uint16_t slots, uint32_t cookie)
{
	d->out[id] = (struct out){ true, slots, cookie };
	d->order[d->last++ % DRIVER_MAX_SIZE] = id;
	d->free -= slots;
}

// Fills the table that goes with ID. Returns its address for the device.
static uint64_t
fill_table(struct driver *d, uint16_t id, const struct piece *pieces, uint16_t n)
{
	size_t off = (size_t)id * DRIVER_MAX_PIECES * 16;

	for (uint16_t i = 0; i < n; i++) {
		if (is_packed(d)) {
			struct vring_packed_desc p = { pieces[i].gpa, pieces[i].len, 0, flags_of(d, false) };

			memcpy(d->tables + off + i * 16, &p, 16);
		} else {
			struct vring_desc s = { pieces[i].gpa, pieces[i].len, flags_of(d, i + 1 < n),
				(uint16_t)(i + 1) };

			memcpy(d->tables + off + i * 16, &s, 16);
		}
	}
	return d->gpa + (uint64_t)(d->tables - d->base) + off;
}

static void
add_split(struct driver *d, const struct piece *pieces, uint16_t n, bool table, uint32_t cookie)
{
	uint16_t ids[DRIVER_MAX_PIECES], slots = table ? 1 : n, mask = d->size - 1;

	// With IN_ORDER descriptors are used in the table's order (2.6.9).
	for (uint16_t i = 0; i < slots; i++)
		ids[i] = has(d, VIRTIO_F_IN_ORDER) ? (uint16_t)(d->next_desc++ & mask) : take_id(d);
	if (table) {
		d->desc[ids[0]] =
			(struct vring_desc){ fill_table(d, ids[0], pieces, n), n * 16u, VRING_DESC_F_INDIRECT, 0 };
	} else {
		for (uint16_t i = 0; i < n; i++) {
			d->link[ids[i]] = i + 1 < n ? ids[i + 1] : 0;
			d->desc[ids[i]] = (struct vring_desc){ pieces[i].gpa, pieces[i].len, flags_of(d, i + 1 < n),
				d->link[ids[i]] };
		}
	}
	d->avail->ring[d->next_avail & mask] = ids[0];
	d->next_avail++;
	__atomic_store_n(&d->avail->idx, d->next_avail, __ATOMIC_RELEASE);
	remember(d, ids[0], slots, cookie);
}

static void
add_packed(struct driver *d, const struct piece *pieces, uint16_t n, bool table, uint32_t cookie)
{
	uint16_t slots = table ? 1 : n, first = d->next_avail, first_flags = 0;
	uint16_t id = has(d, VIRTIO_F_IN_ORDER) ? first : take_id(d);

	for (uint16_t i = 0; i < slots; i++) {
		struct vring_packed_desc *slot = &d->packed[d->next_avail];
		uint16_t flags = table ? VRING_DESC_F_INDIRECT : flags_of(d, i + 1 < n);

		flags |= d->avail_wrap ? 1 << VRING_PACKED_DESC_F_AVAIL : 1 << VRING_PACKED_DESC_F_USED;
		slot->addr = table ? fill_table(d, id, pieces, n) : pieces[i].gpa;
		slot->len = table ? n * 16u : pieces[i].len;
		slot->id = id;
		if (i)
			slot->flags = flags;
		else
			first_flags = flags;
		if (++d->next_avail == d->size) {
			d->next_avail = 0;
			d->avail_wrap = !d->avail_wrap;
		}
	}
	__atomic_store_n(&d->packed[first].flags, first_flags, __ATOMIC_RELEASE);
	remember(d, id, slots, cookie);
}

bool
driver_add(struct driver *d, const struct piece *pieces, uint16_t n, bool table, uint32_t cookie)
{
	if (d->free < (table ? 1 : n))
		return false;
	if (is_packed(d))
		add_packed(d, pieces, n, table, cookie);
	else
		add_split(d, pieces, n, table, cookie);
	return true;
}

// The next entry that the device wrote. False: none.
static bool
read_used(struct driver *d, uint16_t *id, uint32_t *len)
{
	if (is_packed(d)) {
		struct vring_packed_desc *slot = &d->packed[d->next_used];
		uint16_t flags = __atomic_load_n(&slot->flags, __ATOMIC_ACQUIRE);
		bool avail = flags >> VRING_PACKED_DESC_F_AVAIL & 1, used = flags >> VRING_PACKED_DESC_F_USED & 1;

		*id = slot->id;
		*len = slot->len;
		return avail == used && used == d->used_wrap;
	}
	if (__atomic_load_n(&d->used->idx, __ATOMIC_ACQUIRE) == d->next_used)
		return false;
	*id = (uint16_t)d->used->ring[d->next_used & (d->size - 1)].id;
	*len = d->used->ring[d->next_used & (d->size - 1)].len;
	return true;
}

static bool
wrong(struct driver *d, const char *what, uint32_t id)
{
	snprintf(d->error, sizeof(d->error), "%s: id %u, %u outstanding, next used %u", what, id, driver_outstanding(d),
		d->next_used);
	return false;
}

static void
go_on(struct driver *d, uint16_t id)
{
	uint16_t steps = is_packed(d) ? d->out[id].slots : 1;

	d->next_used += steps;
	if (is_packed(d) && d->next_used >= d->size) {
		d->next_used -= d->size;
		d->used_wrap = !d->used_wrap;
	}
}

// The split descriptors of a chain are free again; their numbers are found by our own links, not by the ring's.
static void
free_ids(struct driver *d, uint16_t id)
{
	uint16_t n = is_packed(d) ? 1 : d->out[id].slots;

	if (has(d, VIRTIO_F_IN_ORDER))
		return;
	for (uint16_t i = 0; i < n; i++) {
		uint16_t next = is_packed(d) ? 0 : d->link[id];

		d->free_ids[d->n_free_ids++] = id;
		id = next;
	}
}

bool
driver_take(struct driver *d, uint32_t *cookie, uint32_t *len)
{
	uint16_t id, oldest = d->order[d->first % DRIVER_MAX_SIZE];

	if (d->error[0])
		return false;
	if (d->batch_left == 0) {
		if (!read_used(d, &id, len))
			return false;
		if (id >= d->size || !d->out[id].there)
			return wrong(d, "the device used a buffer that it does not have", id);
		d->batch_left = 1;
		// An entry may stand for all buffers up to its own (2.6.9, 2.7.8).
		for (uint32_t i = d->first; has(d, VIRTIO_F_IN_ORDER) && d->order[i % DRIVER_MAX_SIZE] != id; i++)
			d->batch_left++;
		if (d->batch_left > 1)
			*len = 0;
		if (!has(d, VIRTIO_F_IN_ORDER) && id != oldest)
			return wrong(d, "buffers were used out of order, which weft never does", id);
	} else {
		*len = 0;
	}
	id = oldest;
	d->batch_left--;
	*cookie = d->out[id].cookie;
	d->out[id].there = false;
	d->first++;
	d->free += d->out[id].slots;
	go_on(d, id);
	free_ids(d, id);
	return true;
}
