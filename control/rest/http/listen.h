// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Sockets to serve.
#pragma once

#include <stdbool.h>

// A UNIX socket whose file its owner and group may use; one that nobody listens on any more is replaced. Returns its
// descriptor, or -1 after it has said why.
int listen_unix(const char *path);

// TCP, ADDRESS:PORT; without TLS only where no other host can come. Likewise.
int listen_tcp(const char *text, bool tls);
