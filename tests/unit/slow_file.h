// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Descriptors that a front end may give, and that take for ever to close.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum slow_file {
	SLOW_LINGER, // a TCP socket that lingers, since its peer does not read
	SLOW_NESTED, // such a socket in the queue of a Unix socket
	SLOW_FUSE,   // a file of a file system that does not answer
	SLOW_KINDS
};

// Mounts a file of FUSE in a process of its own. Call it before this process has threads. Without it there is no SLOW_FUSE.
void slow_file_init(void);

// Sends bytes over SOCK with a descriptor of KIND, which nobody but the receiver has then. False: this user cannot have one here.
bool slow_file_send(enum slow_file kind, int sock, const void *bytes, size_t size);

// Lets all who close descriptors of KIND go on. After SLOW_FUSE there is none any more.
void slow_file_end(enum slow_file kind);
