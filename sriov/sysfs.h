// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Files and links below a function's folder in sysfs.
#pragma once

#include <stddef.h>

// The number in the file NAME of the folder DIR; NOTHING: it is not there.
long sysfs_number(int dir, const char *name, long nothing);

// The last part of what the link NAME leads to; "": there is none.
void sysfs_target(int dir, const char *name, char *to, size_t size);

// Writes TEXT into the file PATH, which is made from a printf() format. Returns 0 or -errno.
int sysfs_write(const char *text, const char *path, ...) __attribute__((format(printf, 2, 3)));
