// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The web page. Everybody may have its files; the page then asks for a token and uses the REST interface with it.
#pragma once

#include "request.h"

// Answers REQUEST where its path is one of the page's files. False: it is not, and nothing happened.
bool weft_page_answer(struct request *request);
