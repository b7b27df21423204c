// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The reference count is in the cache line before the memory.
#include "refcount.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

struct head {
	size_t size; // with the head
	uint32_t refs;
	bool looked_up;
} __rte_cache_aligned;

static size_t used;

static struct head *
head_of(const void *shared)
{
	return (struct head *)(uintptr_t)shared - 1;
}

void *
weft_refcount_new(size_t size, bool looked_up)
{
	size_t all = RTE_CACHE_LINE_ROUNDUP(size + sizeof(struct head));
	struct head *head =
		looked_up ? rte_zmalloc("policy", all, RTE_CACHE_LINE_SIZE) : aligned_alloc(RTE_CACHE_LINE_SIZE, all);

	if (head == NULL)
		return NULL;
	if (!looked_up)
		memset(head, 0, all);
	*head = (struct head){ .size = all, .refs = 1, .looked_up = looked_up };
	used += all;
	return head + 1;
}

void
weft_refcount_ref(const void *shared)
{
	if (shared)
		head_of(shared)->refs++;
}

void
weft_refcount_unref(const void *shared)
{
	struct head *head;

	if (shared == NULL)
		return;
	head = head_of(shared);
	if (--head->refs)
		return;
	used -= head->size;
	if (head->looked_up)
		rte_free(head);
	else
		free(head);
}

bool
weft_refcount_is_last(const void *shared)
{
	return head_of(shared)->refs == 1;
}

size_t
weft_refcount_used(void)
{
	return used;
}
