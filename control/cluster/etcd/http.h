// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// libcurl's multi interface on libevent's loop, for the etcd client alone.
#pragma once

#include <curl/curl.h>
#include <event2/event.h>

struct weft_http;

// What runs; it is part of something larger, and lives until it is done or removed.
struct weft_transfer {
	CURL *easy;
	void (*done)(struct weft_transfer *transfer, CURLcode result); // it is out of the loop then
};

struct weft_http *weft_http_new(struct event_base *base);
void weft_http_free(struct weft_http *http); // when nothing is under way

// Runs TRANSFER; returns 0 or -1. And ends it early, without a call.
int weft_http_add(struct weft_http *http, struct weft_transfer *transfer);
void weft_http_remove(struct weft_http *http, struct weft_transfer *transfer);
