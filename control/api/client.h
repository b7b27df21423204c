// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The clients of weftd's socket, and what each of them may cost: places, bytes, and time. A client that is over a bound
// is ended, and the log says why. Control thread.
#pragma once

#include <sys/types.h>

#include "server.h"

// Serves the client at the other end of FD, which it takes over. UID is the client's user, WHO names it for people, and
// RUN carries out its requests. If there are too many clients, another one makes room.
void client_open(int fd, uid_t uid, const char *who, bool may_change, weft_method_fn *run);

// Whether one more client needs nobody's place.
bool client_has_room(void);
