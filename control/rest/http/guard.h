// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What keeps other sites' pages from using a browser that may use this one.
#pragma once

#include "request.h"

// Whether the request comes from no other site's page; else it is ended. LOCAL: the UNIX socket, which a browser gets
// to through a tunnel only, by this host's name.
bool guard_passes(struct request *request, bool local);

// Headers that every answer has.
void guard_headers(struct MHD_Response *response, bool tls);
