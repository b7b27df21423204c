// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The dirty log: while the guest migrates, a bit for each page of its memory that weft writes to. It lies in a file of
// the front end's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "window.h"

struct vhost_log {
	uint8_t *bits; // NULL: there is no log
	uint64_t size; // bytes
	struct vhost_window window;
};

// Maps SIZE bytes of the file FD, from OFFSET on, as LOG, which is empty. Returns 0, and FD is LOG's; or -errno as
// weft_window_map() does, -EFBIG where no guest needs so long a log: LOG stays empty. Whoever unmaps the window ends the
// log. Front ends' thread, while no ring runs.
int weft_dirty_log_map(struct vhost_log *log, int fd, uint64_t offset, uint64_t size);

// The guest physical address of the last byte that LOG, which is not empty, has a bit for. Front ends' thread.
uint64_t weft_dirty_log_last(const struct vhost_log *log);

// Marks the pages of LEN bytes from the guest physical address GPA on. Pages beyond the log are left out. Owner worker.
void weft_dirty_log_mark(const struct vhost_log *log, uint64_t gpa, uint64_t len);
