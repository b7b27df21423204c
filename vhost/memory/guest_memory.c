// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "guest_memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PAGE 4096u

struct vhost_memory *
weft_guest_memory_new(void)
{
	return calloc(1, sizeof(struct vhost_memory));
}

void
weft_guest_memory_free(struct vhost_memory *memory)
{
	for (uint32_t i = 0; memory && i < memory->table.n; i++)
		weft_window_unmap(&memory->map[i].window);
	free(memory);
}

static bool
overlaps(uint64_t a, uint64_t b, uint64_t a_size, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

// A region may end at the last address, but not wrap round.
static bool
wraps(uint64_t start, uint64_t size)
{
	return start + size < start;
}

static int
check_region(const struct vhost_memory *memory, const struct vhost_region *r, char *why, size_t size)
{
	if (memory->table.n == GUEST_MAX_REGIONS) {
		snprintf(why, size, "has more than %u memory regions", GUEST_MAX_REGIONS);
		return -ENOSPC;
	}
	if (r->size == 0 || (r->gpa | r->size | r->user | r->offset) % PAGE || wraps(r->gpa, r->size) ||
		wraps(r->user, r->size) || wraps(r->offset, r->size)) {
		snprintf(why, size, "names a memory region that is empty, misaligned, or wraps round");
		return -EINVAL;
	}
	for (uint32_t i = 0; i < memory->table.n; i++) {
		const struct guest_region *other = &memory->table.regions[i];

		if (overlaps(r->gpa, other->gpa, r->size, other->size) ||
			overlaps(r->user, memory->map[i].user, r->size, other->size)) {
			snprintf(why, size, "names memory regions that overlap");
			return -EEXIST;
		}
	}
	return weft_window_allows(&memory->windows, r->size, why, size) ? 0 : -ENOSPC;
}

// Says why a region could not be mapped.
static void
explain(int error, char *why, size_t size)
{
	if (error == EMEDIUMTYPE)
		snprintf(why, size, GUEST_MEMORY_KIND_TEXT);
	else if (error == ERANGE)
		snprintf(why, size, "names a memory region that is longer than its file");
	else
		snprintf(why, size, "has a memory region that cannot be mapped: %s", strerror(error));
}

// Puts a region in at its place in the order of guest physical addresses.
static void
insert(struct vhost_memory *memory, const struct guest_region *region, const struct vhost_mapping *map)
{
	struct guest_memory *table = &memory->table;
	uint32_t at = 0;

	while (at < table->n && table->regions[at].gpa < region->gpa)
		at++;
	memmove(&table->regions[at + 1], &table->regions[at], (table->n - at) * sizeof(table->regions[0]));
	memmove(&memory->map[at + 1], &memory->map[at], (table->n - at) * sizeof(memory->map[0]));
	table->regions[at] = *region;
	memory->map[at] = *map;
	memory->windows.bytes += map->window.size;
	memory->windows.n = ++table->n;
}

int
weft_guest_memory_add(struct vhost_memory *memory, const struct vhost_region *region, int fd, char *why, size_t size)
{
	struct guest_region fresh = { .gpa = region->gpa, .size = region->size };
	struct vhost_mapping map = { .user = region->user };
	int ret = check_region(memory, region, why, size);

	if (ret)
		return ret;
	fresh.hva = weft_window_map(&map.window, &memory->windows, fd, region->offset, region->size);
	if (fresh.hva == NULL) {
		ret = -errno;
		explain(-ret, why, size);
		return ret;
	}
	insert(memory, &fresh, &map);
	return 0;
}

// The number of the region that was added as REGION, or -1.
static int
find(const struct vhost_memory *memory, const struct vhost_region *region)
{
	const struct guest_memory *table = &memory->table;

	for (uint32_t i = 0; i < table->n; i++) {
		if (table->regions[i].gpa == region->gpa && table->regions[i].size == region->size &&
			memory->map[i].user == region->user)
			return (int)i;
	}
	return -1;
}

bool
weft_guest_memory_again(struct vhost_memory *memory, const struct vhost_region *region, int fd)
{
	int i = find(memory, region);
	struct stat here, there;

	if (i < 0 || memory->map[i].again == GUEST_MAX_AGAIN || memory->map[i].window.offset != region->offset ||
		fstat(memory->map[i].window.fd, &here) || fstat(fd, &there) || here.st_dev != there.st_dev ||
		here.st_ino != there.st_ino)
		return false;
	memory->map[i].again++;
	return true;
}

int
weft_guest_memory_remove(struct vhost_memory *memory, const struct vhost_region *region, struct vhost_memory *gone)
{
	struct guest_memory *table = &memory->table;
	int i = find(memory, region);

	if (i < 0)
		return -ENOENT;
	if (memory->map[i].again) {
		memory->map[i].again--;
		return 0;
	}
	insert(gone, &table->regions[i], &memory->map[i]);
	memory->windows.bytes -= memory->map[i].window.size;
	memory->windows.n = --table->n;
	memmove(&table->regions[i], &table->regions[i + 1], (table->n - (uint32_t)i) * sizeof(table->regions[0]));
	memmove(&memory->map[i], &memory->map[i + 1], (table->n - (uint32_t)i) * sizeof(memory->map[0]));
	table->regions[table->n] = (struct guest_region){ 0 };
	return 0;
}

uint8_t *
weft_guest_memory_user(const struct vhost_memory *memory, uint64_t user, uint64_t len)
{
	for (uint32_t i = 0; i < memory->table.n; i++) {
		uint64_t off = user - memory->map[i].user;

		if (off < memory->table.regions[i].size)
			return len <= memory->table.regions[i].size - off ? memory->table.regions[i].hva + off : NULL;
	}
	return NULL;
}

uint64_t
weft_guest_memory_gpa(const struct guest_memory *table, const void *p)
{
	for (uint32_t i = 0; i < table->n; i++) {
		uint64_t off = (uint64_t)((uintptr_t)p - (uintptr_t)table->regions[i].hva);

		if (off < table->regions[i].size)
			return table->regions[i].gpa + off;
	}
	return 0;
}
