// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The timing wheel.
#include "weft/wheel.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_malloc.h>

#define MASK  (WEFT_WHEEL_SLOTS - 1)
#define WORDS (WEFT_WHEEL_SLOTS / 64)

struct weft_wheel *
weft_wheel_new(uint32_t n, uint64_t now)
{
	struct weft_wheel *wheel = rte_zmalloc("wheel", sizeof(*wheel), RTE_CACHE_LINE_SIZE);

	if (wheel == NULL)
		return NULL;
	wheel->entry = rte_zmalloc("wheel", n * sizeof(*wheel->entry), RTE_CACHE_LINE_SIZE);
	if (wheel->entry == NULL) {
		rte_free(wheel);
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++)
		wheel->entry[i].slot = WEFT_WHEEL_NONE;
	memset(wheel->head, 0xff, sizeof(wheel->head));
	wheel->turn = now >> WEFT_WHEEL_SHIFT;
	return wheel;
}

void
weft_wheel_free(struct weft_wheel *wheel)
{
	if (wheel)
		rte_free(wheel->entry);
	rte_free(wheel);
}

// An entry goes to the slot that is emptied after it is due.
static void
insert(struct weft_wheel *wheel, uint32_t id)
{
	struct weft_wheel_entry *e = &wheel->entry[id];
	uint64_t turn = (e->due + WEFT_WHEEL_GRAIN - 1) >> WEFT_WHEEL_SHIFT;
	uint32_t slot;

	turn = RTE_MAX(turn, wheel->turn);
	slot = RTE_MIN(turn, wheel->turn + MASK) & MASK;
	e->slot = slot;
	e->prev = WEFT_WHEEL_NONE;
	e->next = wheel->head[slot];
	if (e->next != WEFT_WHEEL_NONE)
		wheel->entry[e->next].prev = id;
	wheel->head[slot] = id;
	wheel->any[slot / 64] |= UINT64_C(1) << slot % 64;
	wheel->n++;
}

void
weft_wheel_remove(struct weft_wheel *wheel, uint32_t id)
{
	struct weft_wheel_entry *e = &wheel->entry[id];

	if (e->slot == WEFT_WHEEL_NONE)
		return;
	if (e->next != WEFT_WHEEL_NONE)
		wheel->entry[e->next].prev = e->prev;
	if (e->prev != WEFT_WHEEL_NONE)
		wheel->entry[e->prev].next = e->next;
	else
		wheel->head[e->slot] = e->next;
	if (wheel->head[e->slot] == WEFT_WHEEL_NONE)
		wheel->any[e->slot / 64] &= ~(UINT64_C(1) << e->slot % 64);
	e->slot = WEFT_WHEEL_NONE;
	wheel->n--;
}

void
weft_wheel_set(struct weft_wheel *wheel, uint32_t id, uint64_t due)
{
	weft_wheel_remove(wheel, id);
	wheel->entry[id].due = due;
	insert(wheel, id);
}

// The first turn from FROM on, before END, whose slot holds something; END where there is none.
static uint64_t
find(const struct weft_wheel *wheel, uint64_t from, uint64_t end)
{
	for (uint64_t turn = from; turn < end; turn = (turn | 63) + 1) {
		uint64_t word = wheel->any[(turn & MASK) / 64] & UINT64_MAX << turn % 64;

		if (word)
			return RTE_MIN((turn & ~UINT64_C(63)) + __builtin_ctzll(word), end);
	}
	return end;
}

uint32_t
weft_wheel_expire(struct weft_wheel *wheel, uint64_t now, uint32_t *ids, uint32_t max)
{
	uint64_t end = (now >> WEFT_WHEEL_SHIFT) + 1;
	uint32_t n = 0;

	// A call that comes after a whole turn visits every slot once.
	if (end > wheel->turn + WEFT_WHEEL_SLOTS)
		wheel->turn = end - WEFT_WHEEL_SLOTS;
	while (wheel->n && (wheel->turn = find(wheel, wheel->turn, end)) < end) {
		uint32_t id = wheel->head[wheel->turn & MASK];

		if (n == max)
			return n;
		weft_wheel_remove(wheel, id);
		if (likely(wheel->entry[id].due <= now))
			ids[n++] = id;
		else
			insert(wheel, id); // its turn is a later one
	}
	wheel->turn = RTE_MAX(end, wheel->turn);
	return n;
}

uint64_t
weft_wheel_next(const struct weft_wheel *wheel)
{
	if (wheel->n == 0)
		return UINT64_MAX;
	return find(wheel, wheel->turn, wheel->turn + WEFT_WHEEL_SLOTS) << WEFT_WHEEL_SHIFT;
}
