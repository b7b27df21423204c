// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Objects of the policy, at the places below /v1/ that weftd's schemas give them.
#pragma once

#include "control/rest/http/request.h"

// Answers REQUEST where its path is an object's, or a list's of objects, now or later. False: it is not.
bool objects_answer(struct request *request);
