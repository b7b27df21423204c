// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"

static const char *
title_of(int status)
{
	switch (status) {
	case 400:
		return "Bad request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not found";
	case 405:
		return "Method not allowed";
	case 412:
		return "Precondition failed";
	case 413:
		return "Too large";
	case 415:
		return "Unsupported media type";
	case 421:
		return "Misdirected request";
	case 422:
		return "Rejected";
	case 429:
		return "Too many requests";
	case 503:
		return "Unavailable";
	default:
		return "Failed";
	}
}

// The length of the field's path before the colon, as weftd writes it: with dots, without blanks and slashes. 0: none.
static size_t
field_len(const char *detail)
{
	size_t len = strcspn(detail, ": /");

	return detail[len] == ':' && detail[len + 1] == ' ' && memchr(detail, '.', len) ? len : 0;
}

// Replaces bytes that are not ASCII where DETAIL is not valid UTF-8: it may quote a client's text that was cut within a
// character.
static void
make_valid(char *detail)
{
	json_t *text = json_string(detail);

	if (text == NULL)
		for (char *p = detail; *p; p++)
			*p = (unsigned char)*p < 0x80 ? *p : '?';
	json_decref(text);
}

void
weft_problem(struct request *request, int status, const char *format, ...)
{
	char detail[600];
	json_t *document;
	size_t field;
	va_list ap;

	va_start(ap, format);
	vsnprintf(detail, sizeof(detail), format, ap);
	va_end(ap);
	make_valid(detail);
	field = field_len(detail);
	document = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", title_of(status), "status", status,
		"detail", detail);
	if (field)
		json_object_set_new(document, "field", json_stringn(detail, field));
	request->problem = true;
	weft_answer_json(request, status, document);
}
