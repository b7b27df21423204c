// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "rulebook.h"

#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"
#include "weft/engine.h"
#include "weft/rules.h"

#include "control/base/hash.h"

// A counter that a rule has given up rests for so many seconds before another rule may have it. By then all connections
// that name it have been judged again.
#define REST_S 60

// The number of a group, network or port.
struct number {
	uint32_t number;
	UT_hash_handle hh;
	char key[];
};

struct counter {
	char *name; // NULL: not in use
	uint32_t refs;
	uint32_t next;	 // in the list of resting counters
	uint64_t let_go; // when its rule gave it up, in monotonic seconds
	UT_hash_handle hh;
};

static struct number *numbers;	// by key
static struct counter *by_name; // counters in use
static struct counter counters[WEFT_MAX_COUNTERS];
static uint32_t high; // no counter above it was ever in use
static uint32_t rest_first, rest_last;

uint32_t
weft_rulebook_number(const char *key)
{
	struct number *number;
	size_t len = strlen(key);

	HASH_FIND(hh, numbers, key, len, number);
	if (number)
		return number->number;
	number = calloc(1, sizeof(*number) + len + 1);
	if (number == NULL)
		return 0;
	memcpy(number->key, key, len);
	number->number = HASH_COUNT(numbers) + 1;
	HASH_ADD_KEYPTR(hh, numbers, number->key, len, number);
	if (number->hh.tbl)
		return number->number;
	free(number);
	return 0;
}

// Returns a counter that no rule has, or WEFT_COUNTER_NONE.
static uint32_t
take(void)
{
	uint32_t counter = rest_first;

	if (high + 1 < WEFT_MAX_COUNTERS)
		return ++high;
	if (counter == 0 || weft_clock_ms() / 1000 - counters[counter].let_go < REST_S)
		return WEFT_COUNTER_NONE;
	rest_first = counters[counter].next;
	if (rest_first == 0)
		rest_last = 0;
	weft_engine_rule_clear(counter);
	return counter;
}

uint32_t
weft_rulebook_counter(const char *name)
{
	struct counter *c;
	uint32_t counter;

	HASH_FIND_STR(by_name, name, c);
	if (c == NULL) {
		counter = take();
		if (counter == WEFT_COUNTER_NONE)
			return WEFT_COUNTER_NONE;
		c = &counters[counter];
		c->name = strdup(name);
		if (c->name)
			HASH_ADD_KEYPTR(hh, by_name, c->name, strlen(c->name), c);
	}
	c->refs++;
	return (uint32_t)(c - counters);
}

void
weft_rulebook_uncount(uint32_t counter)
{
	struct counter *c = &counters[counter];

	if (counter == WEFT_COUNTER_NONE || --c->refs)
		return;
	if (c->hh.tbl)
		HASH_DEL(by_name, c);
	free(c->name);
	*c = (struct counter){ .let_go = weft_clock_ms() / 1000 };
	if (rest_last)
		counters[rest_last].next = counter;
	else
		rest_first = counter;
	rest_last = counter;
}

const char *
weft_rulebook_name(uint32_t counter)
{
	return counter <= high && counters[counter].name ? counters[counter].name : "";
}

void
weft_rulebook_each(void (*fn)(void *arg, uint32_t counter, const char *name), void *arg)
{
	for (uint32_t i = 1; i <= high; i++)
		if (counters[i].name)
			fn(arg, i, counters[i].name);
}
