// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The client's identity. At the UNIX socket the client is a user of this host, who may do everything; over TCP it is
// the owner of a token (RFC 6750) or of a client's certificate.
#pragma once

#include "control/rest/http/request.h"

// Sets REQUEST->as if the head identifies the client; a struct http_hooks' `recognise`.
void weft_identity_recognise(struct request *request);

// Whether it is known who asks. If not, the request ends with 401: at once where the client showed nothing, else after a
// delay that grows with each failure of its address. Failures are logged.
bool weft_identity_require(struct request *request);
