// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Numbers of groups, networks and rules' counters.
#include "rulebook.h"

#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"
#include "weft/engine.h"
#include "weft/rules.h"

#include "control/base/map.h"

// A counter that was let go is not another rule's for so long: connections that name it are judged again by then.
#define REST_S 60

struct counter {
	char *name; // NULL: not in use
	uint32_t refs;
	uint32_t next;	 // among those that rest
	uint64_t let_go; // monotonic seconds
};

static json_t *numbers; // key to number
static json_t *by_name; // rule's name to counter
static struct counter counters[WEFT_MAX_COUNTERS];
static uint32_t high; // none above it was ever in use
static uint32_t rest_first, rest_last;

uint32_t
weft_rulebook_number(const char *key)
{
	uint32_t number;

	if (numbers == NULL)
		numbers = json_object();
	number = (uint32_t)json_integer_value(json_object_get(numbers, key));
	if (number)
		return number;
	number = json_object_size(numbers) + 1;
	return json_object_set_new(numbers, key, json_integer(number)) ? 0 : number;
}

// A counter that nobody has, or WEFT_COUNTER_NONE.
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
	uint32_t counter;

	if (by_name == NULL)
		by_name = json_object();
	counter = (uint32_t)json_integer_value(json_object_get(by_name, name));
	if (counter == 0) {
		counter = take();
		if (counter == WEFT_COUNTER_NONE)
			return WEFT_COUNTER_NONE;
		counters[counter].name = strdup(name);
		json_object_set_new(by_name, name, json_integer(counter));
	}
	counters[counter].refs++;
	return counter;
}

void
weft_rulebook_uncount(uint32_t counter)
{
	struct counter *c = &counters[counter];

	if (counter == WEFT_COUNTER_NONE || --c->refs)
		return;
	json_object_del(by_name, c->name);
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
