// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What requests and watches share.
#pragma once

#include "etcd.h"
#include "http.h"

struct etcd_request;

struct weft_etcd {
	struct event_base *base;
	struct weft_http *http;
	const struct weft_etcd_config *config;
	unsigned int endpoint; // in use
	char cluster_id[32];   // followed
	char token[256];       // of the user; empty: none yet
	bool authenticating;
	struct etcd_request *requests; // under way, or waiting for a token
};

// A handle for PATH at the endpoint in use, with what all have in common; HEADERS gets what the caller frees
// afterwards.
CURL *etcd_handle(struct weft_etcd *etcd, const char *path, struct curl_slist **headers);

// The endpoint NUMBER failed: the next one is used, unless it is another one already.
void etcd_rotate(struct weft_etcd *etcd, unsigned int number);

uint32_t etcd_random(uint32_t n); // below N

// Whether a reply's header is of the cluster that is followed; the first one heard from is.
bool etcd_check_cluster(struct weft_etcd *etcd, const json_t *header);
