// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "relay.h"

#include <stdlib.h>

#include "control/rest/http/answer.h"
#include "view.h"

void
relay_result(struct request *r, json_t *result)
{
	weft_answer_json(r, json_is_true(json_object_get(result, "late")) ? 202 : 200, result);
}

void
relay_own_part(struct request *r, json_t *result)
{
	weft_answer_json(r, 200, view_own_part(r->as, result));
}

json_t *
relay_number(const char *text)
{
	return json_integer(text ? strtoll(text, NULL, 10) : 0);
}

json_t *
relay_name(const struct request *r, unsigned int i, unsigned int j)
{
	return json_sprintf("%s/%s", r->part[i], r->part[j]);
}
