// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Logging: a line of key=value pairs to stderr. The latest lines are kept for `weftctl events`. The packet path
// never logs.
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_log.h>

#define WEFT_LOG_TEXT 400
#define WEFT_LOG_KEPT 1024

extern int weft_logtype;

#define WEFT_LOG(level, fmt, ...) weft_log(RTE_LOG_##level, fmt, ##__VA_ARGS__)

__attribute__((format(printf, 2, 3))) void weft_log(uint32_t level, const char *fmt, ...);

struct weft_log_line {
	uint64_t number; // counts from 1
	uint64_t us;	 // since 1970
	uint32_t level;	 // RTE_LOG_
	char text[WEFT_LOG_TEXT];
};

// Copies the first kept line with a number above AFTER. False: there is none. Any thread except workers.
bool weft_log_next(uint64_t after, struct weft_log_line *line);

// An error for people: what is wrong with which thing, and what to do.
struct weft_error {
	char text[512];
};

// Writes the text to ERR, sets errno to CODE and returns -CODE: a function can return weft_fail(err, EINVAL, ...).
__attribute__((format(printf, 3, 4))) int weft_fail(struct weft_error *err, int code, const char *fmt, ...);
