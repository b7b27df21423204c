// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A guest's memory: regions, each mapped in an address window of its own. The front ends' thread writes the table while
// rings are suspended; it does not change while they run.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "window.h"

// The most that QEMU asks for: ACPI has no more slots for memory.
#define GUEST_MAX_REGIONS 509

// How often a region may be added beside the first time: once for each other queue pair.
#define GUEST_MAX_AGAIN 7

// A piece of the guest's memory in a file, as it lies on the wire (message.h).
struct vhost_region {
	uint64_t gpa;	 // guest physical address
	uint64_t size;	 // bytes
	uint64_t user;	 // the front end's virtual address, by which it names rings
	uint64_t offset; // of the region in its file
};

// What a ring needs of a region.
struct guest_region {
	uint64_t gpa; // guest physical address of the first byte
	uint64_t size;
	uint8_t *hva; // where that byte is mapped
};

struct guest_memory {
	uint32_t n;
	struct guest_region regions[GUEST_MAX_REGIONS]; // by ascending guest physical address
};

// Guest memory is read in words, each once: a second read may find something else.
typedef uint64_t guest_word __attribute__((may_alias));

static inline uint64_t
guest_read64(const void *p)
{
	return __atomic_load_n((const guest_word *)p, __ATOMIC_RELAXED);
}

static inline uint16_t
guest_read16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

// Prefetches a line that will be written. Not every processor of the build's baseline has this instruction, so the
// compiler's own prefetch for writing fetches for reading, and the first write waits for the line again. Processors
// without the instruction do nothing (AMD64 manual, volume 3, PREFETCHW).
static inline void
guest_prefetch_write(const void *p)
{
#ifdef __x86_64__
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
	__builtin_prefetch(p, 1);
#endif
}

// The region that has GPA, or -1. Any thread that may use MEM.
static inline int
guest_memory_find(const struct guest_memory *mem, uint64_t gpa)
{
	uint32_t low = 0, high = mem->n;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (gpa - mem->regions[middle].gpa < mem->regions[middle].size)
			return (int)middle;
		if (gpa < mem->regions[middle].gpa)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

// Where GPA is mapped; NULL: nowhere. Lowers *LEN to the bytes that follow in the same region.
static inline uint8_t *
guest_memory_piece(const struct guest_memory *mem, uint64_t gpa, uint64_t *len)
{
	int i = guest_memory_find(mem, gpa);
	uint64_t off;

	if (i < 0)
		return NULL;
	off = gpa - mem->regions[i].gpa;
	if (*len > mem->regions[i].size - off)
		*len = mem->regions[i].size - off;
	return mem->regions[i].hva + off;
}

// Where the LEN bytes from GPA on are mapped in one piece; NULL: they are not. *HOT is the region to try first.
static inline uint8_t *
guest_memory_at(const struct guest_memory *mem, uint32_t *hot, uint64_t gpa, uint64_t len)
{
	const struct guest_region *r = &mem->regions[*hot];
	uint64_t off = gpa - r->gpa;
	int i;

	if (__builtin_expect(off < r->size && len <= r->size - off, 1))
		return r->hva + off;
	i = guest_memory_find(mem, gpa);
	if (i < 0)
		return NULL;
	r = &mem->regions[i];
	off = gpa - r->gpa;
	if (len > r->size - off)
		return NULL;
	*hot = (uint32_t)i;
	return r->hva + off;
}

// How a region is mapped: for the front ends' thread only.
struct vhost_mapping {
	uint64_t user;	// the front end's virtual address of the region
	uint32_t again; // how often it was added beside the first time
	struct vhost_window window;
};

struct vhost_memory {
	struct guest_memory table;
	struct vhost_mapping map[GUEST_MAX_REGIONS]; // of the table's regions, in the same order
	struct vhost_windows windows;
};

// Makes an empty memory; NULL without memory. weft_guest_memory_free() also unmaps all regions, which no thread may use then
// and which takes long; NULL is allowed. Any thread.
struct vhost_memory *weft_guest_memory_new(void);
void weft_guest_memory_free(struct vhost_memory *memory);

// Maps REGION of the file FD and adds it. Returns 0, and FD is MEMORY's; or -errno with WHY (SIZE bytes) in words that
// follow "the front end ", and nothing has changed. It does not block, whatever FD is.
int
weft_guest_memory_add(struct vhost_memory *memory, const struct vhost_region *region, int fd, char *why, size_t size);

// Whether REGION of the same file is there already: QEMU before 8 adds, and removes, each region once for each queue pair. It is
// counted then, and FD stays the caller's.
bool weft_guest_memory_again(struct vhost_memory *memory, const struct vhost_region *region, int fd);

// Moves the region that was added as REGION from MEMORY to GONE, which is empty. Returns 0, also where it stays because it was
// added more often; or -ENOENT.
int weft_guest_memory_remove(struct vhost_memory *memory, const struct vhost_region *region, struct vhost_memory *gone);

// Where the LEN bytes at the front end's virtual address USER are mapped, if they lie in one region; else NULL.
uint8_t *weft_guest_memory_user(const struct vhost_memory *memory, uint64_t user, uint64_t len);

// The guest physical address of the byte that is mapped at P, which lies in a region.
uint64_t weft_guest_memory_gpa(const struct guest_memory *table, const void *p);

// The words for a front end whose memory is of the wrong kind, and for one that gives none, to follow "the front end ".
#define GUEST_MEMORY_ADVICE                                                                                            \
	"use memory-backend-memfd,share=on, or in libvirt <memoryBacking><source type='memfd'/><access "               \
	"mode='shared'/></memoryBacking>"
#define GUEST_MEMORY_KIND_TEXT "has memory that is no memfd, tmpfs or hugetlbfs file: " GUEST_MEMORY_ADVICE
#define GUEST_MEMORY_NONE_TEXT "gives no memory, so the guest's is not shared: " GUEST_MEMORY_ADVICE
