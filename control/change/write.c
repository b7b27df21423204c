// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "write.h"

#include <stdlib.h>

void
weft_write_free(struct weft_write *write)
{
	json_decref(write->changes);
	json_decref(write->expect);
	json_decref(write->scope);
	free(write);
}
