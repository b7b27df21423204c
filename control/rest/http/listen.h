// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Opens the sockets on which weft-rest serves. Each function returns a descriptor that does not block, or -1 after it has
// printed the reason.
#pragma once

#include <stdbool.h>

// A UNIX socket at PATH, mode 0660. A socket file that nobody listens on is replaced.
int weft_listen_unix(const char *path);

// A TCP socket at ADDRESS, such as "127.0.0.1:8443" or "[::]:8443". Without TLS it must be a loopback address.
int weft_listen_tcp(const char *address, bool tls);
