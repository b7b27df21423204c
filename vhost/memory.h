// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A guest's memory: where its physical addresses are mapped here. The event thread writes the table while rings are
// suspended; it does not change while they run.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GUEST_MAX_REGIONS 8 // the library's bound

struct guest_region {
	uint64_t gpa; // guest physical address of the first byte
	uint64_t size;
	uint8_t *hva; // where that byte is mapped
};

struct guest_memory {
	uint32_t n;
	struct guest_region regions[GUEST_MAX_REGIONS];
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

// Where GPA is mapped; NULL: nowhere. Lowers *LEN to the bytes that follow in the same region.
static inline uint8_t *
guest_memory_piece(const struct guest_memory *mem, uint64_t gpa, uint64_t *len)
{
	for (uint32_t i = 0; i < mem->n; i++) {
		const struct guest_region *r = &mem->regions[i];
		uint64_t off = gpa - r->gpa;

		if (off < r->size) {
			if (*len > r->size - off)
				*len = r->size - off;
			return r->hva + off;
		}
	}
	return NULL;
}

// Where the LEN bytes from GPA on are mapped in one piece; NULL: they are not. *HOT is the region to try first.
static inline uint8_t *
guest_memory_at(const struct guest_memory *mem, uint32_t *hot, uint64_t gpa, uint64_t len)
{
	const struct guest_region *r = &mem->regions[*hot];
	uint64_t off = gpa - r->gpa;

	if (__builtin_expect(off < r->size && len <= r->size - off, 1))
		return r->hva + off;
	for (uint32_t i = 0; i < mem->n; i++) {
		r = &mem->regions[i];
		off = gpa - r->gpa;
		if (off < r->size && len <= r->size - off) {
			*hot = i;
			return r->hva + off;
		}
	}
	return NULL;
}
