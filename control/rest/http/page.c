// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The web page: anybody may have its files. It asks for a token, with which it uses what others use.
#include "page.h"

#include <string.h>

#include <microhttpd.h>

#include "request.h"

bool
page_route(struct request *r)
{
	const struct page_file *file = page_files;
	struct MHD_Response *response;

	while (file->path && strcmp(file->path, r->path))
		file++;
	if (file->path == NULL)
		return false;
	if (strcmp(r->method, "GET")) {
		problem(r, 405, "this takes GET");
		return true;
	}
	strcpy(r->etag, file->etag);
	if (strcmp(r->if_none_match, file->etag) == 0) {
		http_answer(r, 304, NULL);
		return true;
	}
	response = MHD_create_response_from_buffer(file->size, (void *)(uintptr_t)file->data, MHD_RESPMEM_PERSISTENT);
	if (response == NULL) {
		problem(r, 500, "no memory");
		return true;
	}
	MHD_add_response_header(response, "Cache-Control", "no-cache");
	http_respond(r, file->type, response);
	return true;
}
