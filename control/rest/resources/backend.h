// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The connection to weftd's socket. Calls run side by side on it. It is made again when it breaks; then the requests whose
// calls were under way end with 503.
#pragma once

#include <event2/event.h>

#include "control/rest/http/request.h"

// Gets weftd's RESULT, which the function owns.
typedef void (*backend_cb)(struct request *request, json_t *result);

// Connects to SOCKET on BASE, now and whenever the connection breaks. Returns 0, or -1 after it has printed the reason.
int weft_backend_start(struct event_base *base, const char *socket);
void weft_backend_stop(void);

// Calls METHOD with PARAMS, which is taken over, in the name of REQUEST->as, and then THEN. Where weftd refuses the call,
// or cannot be reached, the request is ended instead. REQUEST may be NULL, for a call of weft-rest's own: then THEN gets
// NULL where weftd refuses the call or the connection breaks. False: weftd cannot be reached, and THEN is not called.
bool backend_call(struct request *request, const char *method, json_t *params, backend_cb then);

// The schemas of all kinds of objects, by the kind's name. NULL: weftd has not been reached yet.
const json_t *backend_kinds(void);

// Ends REQUEST with 503: weftd cannot be reached.
void backend_refuse(struct request *request);
