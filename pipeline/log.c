// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The log's type, and errors that a person reads.
#include "weft/log.h"

#include <stdarg.h>
#include <stdio.h>

int weft_logtype;

RTE_INIT(weft_log_init)
{
	weft_logtype = rte_log_register_type_and_pick_level("weft", RTE_LOG_INFO);
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
