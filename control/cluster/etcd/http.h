// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// libcurl's multi interface on libevent's loop, for the etcd client alone.
#pragma once

#include <curl/curl.h>
#include <event2/event.h>

struct weft_http;

// One HTTP request. It is part of a larger struct of the caller's, and must stay valid until it ends or is removed.
struct weft_transfer {
	CURL *easy;
	void (*done)(struct weft_transfer *transfer, CURLcode result); // the transfer has ended
};

struct weft_http *weft_http_new(struct event_base *base); // NULL without memory
void weft_http_free(struct weft_http *http);		  // when no transfer is under way

// Starts TRANSFER. Returns 0 or -1.
int weft_http_add(struct weft_http *http, struct weft_transfer *transfer);

// Ends TRANSFER early, without a call of done().
void weft_http_remove(struct weft_http *http, struct weft_transfer *transfer);
