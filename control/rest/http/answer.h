// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Answers to requests. Each function ends REQUEST: the caller must not use it afterwards.
#pragma once

#include "request.h"

// Answers with STATUS and the body ANSWER, which is taken over; NULL: without a body.
void weft_answer_json(struct request *request, int status, json_t *answer);

// Answers 200 with RESPONSE, which is taken over and whose body has the media type TYPE.
void weft_answer_response(struct request *request, const char *type, struct MHD_Response *response);

// Gives the answer of REQUEST, whose connection was resumed, to libmicrohttpd. Returns an enum MHD_Result.
int answer_send(struct request *request);
