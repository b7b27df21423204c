// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The log, its kept lines, and errors for people.
#include "weft/log.h"

#include <stdarg.h>
#include <stdio.h>

#include <rte_spinlock.h>

#include "weft/clock.h"

int weft_logtype;

static rte_spinlock_t lock = RTE_SPINLOCK_INITIALIZER;
static struct weft_log_line kept[WEFT_LOG_KEPT]; // number N at N % WEFT_LOG_KEPT
static uint64_t last;

RTE_INIT(weft_log_init)
{
	weft_logtype = rte_log_register_type_and_pick_level("weft", RTE_LOG_INFO);
}

void
weft_log(uint32_t level, const char *fmt, ...)
{
	struct weft_log_line line = { .level = level, .us = weft_clock_wall_us() };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line.text, sizeof(line.text), fmt, ap);
	va_end(ap);
	rte_log(level, weft_logtype, "weft: %s\n", line.text);
	rte_spinlock_lock(&lock);
	line.number = ++last;
	kept[last % WEFT_LOG_KEPT] = line;
	rte_spinlock_unlock(&lock);
}

bool
weft_log_next(uint64_t after, struct weft_log_line *line)
{
	bool there;

	rte_spinlock_lock(&lock);
	if (after + WEFT_LOG_KEPT < last)
		after = last - WEFT_LOG_KEPT;
	there = after < last;
	if (there)
		*line = kept[(after + 1) % WEFT_LOG_KEPT];
	rte_spinlock_unlock(&lock);
	return there;
}

int
weft_fail(struct weft_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	errno = code;
	return -code;
}
