// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The dispatcher: objects by their kinds, everything else by the tables of routes.
#pragma once

#include "control/rest/http/request.h"

// Answers REQUEST, whose `as` must be set, now or later.
void weft_routes_answer(struct request *request);
