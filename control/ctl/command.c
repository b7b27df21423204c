// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "command.h"

#include <stdio.h>

#include "client.h"
#include "result.h"

bool ctl_json;

void
ctl_print(const json_t *result, void (*print)(const json_t *result))
{
	if (print && !ctl_json) {
		print(result);
		return;
	}
	json_dumpf(result, stdout, JSON_INDENT(2));
	putchar('\n');
}

int
ctl_show(const char *method, json_t *params, void (*print)(const json_t *result))
{
	int code;
	json_t *result = client_call(method, params, &code);

	if (result == NULL)
		return code;
	ctl_print(result, print);
	code = flag(result, "late") ? LATE : DONE;
	json_decref(result);
	return code;
}
