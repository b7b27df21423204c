// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Logging: one line of key=value to stderr. Never on the packet path.
#pragma once

#include <errno.h>

#include <rte_log.h>

extern int weft_logtype;

#define WEFT_LOG(level, fmt, ...) rte_log(RTE_LOG_##level, weft_logtype, "weft: " fmt "\n", ##__VA_ARGS__)

// An error that a person reads: what is wrong with which thing, and what to do.
struct weft_error {
	char text[512];
};

// Writes the text and returns -CODE, so that a function can return weft_fail(err, EINVAL, ...).
__attribute__((format(printf, 3, 4))) int weft_fail(struct weft_error *err, int code, const char *fmt, ...);
