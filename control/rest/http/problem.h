// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Errors, as problem documents (RFC 9457).
#pragma once

#include "request.h"

// Ends REQUEST with STATUS and DETAIL, formatted as by printf. Where DETAIL begins with the path of a field and a
// colon, the document names the field.
void weft_problem(struct request *request, int status, const char *detail, ...) __attribute__((format(printf, 3, 4)));
