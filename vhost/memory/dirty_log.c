// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "dirty_log.h"

#include <errno.h>

#define LOG_PAGE 4096u		     // VHOST_LOG_PAGE of the specification
#define LARGEST	 (UINT64_C(1) << 30) // bytes: a bit for each page of 32 TiB; a guest has 4 TiB of memory at most

int
weft_dirty_log_map(struct vhost_log *log, int fd, uint64_t offset, uint64_t size)
{
	if (size > LARGEST)
		return -EFBIG;
	log->bits = weft_window_map(&log->window, NULL, fd, offset, size);
	if (log->bits == NULL)
		return -errno;
	log->size = size;
	return 0;
}

uint64_t
weft_dirty_log_last(const struct vhost_log *log)
{
	return log->size * 8 * LOG_PAGE - 1;
}

void
weft_dirty_log_mark(const struct vhost_log *log, uint64_t gpa, uint64_t len)
{
	uint64_t first = gpa / LOG_PAGE, last = (gpa + len - 1) / LOG_PAGE;

	if (len == 0 || gpa + len < gpa)
		return;
	for (uint64_t page = first; page <= last && page / 8 < log->size; page++) {
		uint8_t bit = (uint8_t)(1u << page % 8);

		// The front end reads and clears it while we write.
		if (!(__atomic_load_n(&log->bits[page / 8], __ATOMIC_RELAXED) & bit))
			__atomic_fetch_or(&log->bits[page / 8], bit, __ATOMIC_RELEASE);
	}
}
