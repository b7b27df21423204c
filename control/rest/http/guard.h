// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Keeps pages of other sites from using this server through the browser of somebody who may.
#pragma once

#include "request.h"

// Whether no page of another site sent the request; otherwise the request is ended. At a UNIX socket, which a browser
// reaches through a tunnel only, the request must name this host.
bool weft_guard_check(struct request *request);
