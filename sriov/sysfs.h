// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Files and symbolic links below a function's folder in sysfs.
#pragma once

#include <stddef.h>

// Reads the number in the file NAME of the folder DIR. Returns NOTHING if it cannot be read.
long sysfs_number(int dir, const char *name, long nothing);

// Reads the last part of the path to which the symbolic link NAME leads; "": there is none.
void sysfs_target(int dir, const char *name, char *to, size_t size);

// Writes TEXT into the file PATH, a format of printf(). Returns 0 or -errno.
int sysfs_write(const char *text, const char *path, ...) __attribute__((format(printf, 2, 3)));
