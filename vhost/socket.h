// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// UNIX sockets of guests, and the folders that they lie in. Nothing here waits.
#pragma once

#include <stdbool.h>

#include "weft/log.h"

// A socket that is connected to the one at PATH; -errno: nobody listens there, or weftd may not connect.
int vhost_socket_connect(const char *path);

// A socket that listens at PATH for the port NAME, which must be free: a socket that nobody listens on is removed. Returns
// it, or -errno with ERR.
int vhost_socket_listen(const char *path, const char *name, struct weft_error *err);

// The next connection at LISTENER, or -errno.
int vhost_socket_accept(int listener);

// Whether the other end of the connection FD is gone, though messages of it may lie unread.
bool vhost_socket_is_over(int fd);

// A descriptor that becomes readable when something appears in a watched folder; or -errno. Folders are watched from
// vhost_socket_watch() on, which takes the PATH of a socket and returns 0 or -errno.
int vhost_socket_folders(void);
int vhost_socket_watch(int folders, const char *path);

// Reads what has happened in FOLDERS, and calls APPEARED with each name; with NULL if anything may have appeared: too much has
// happened, or a folder itself has changed or gone.
void vhost_socket_read_folders(int folders, void (*appeared)(const char *name));
