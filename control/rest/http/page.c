// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "page.h"

#include <string.h>

#include <microhttpd.h>

#include "answer.h"
#include "page_files.h"
#include "problem.h"

bool
weft_page_answer(struct request *r)
{
	const struct page_file *file = page_files;
	struct MHD_Response *response;

	while (file->path && strcmp(file->path, r->path))
		file++;
	if (file->path == NULL)
		return false;
	if (strcmp(r->method, "GET")) {
		weft_problem(r, 405, "this path takes GET only");
		return true;
	}
	strcpy(r->etag, file->etag);
	if (strcmp(r->if_none_match, file->etag) == 0) {
		weft_answer_json(r, 304, NULL);
		return true;
	}
	response = MHD_create_response_from_buffer(file->size, (void *)(uintptr_t)file->data, MHD_RESPMEM_PERSISTENT);
	if (response == NULL) {
		weft_problem(r, 500, "weft-rest has no memory left");
		return true;
	}
	MHD_add_response_header(response, "Cache-Control", "no-cache");
	weft_answer_response(r, file->type, response);
	return true;
}
