// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The client's inside, which requests (etcd.c) and watches (watch.c) share.
#pragma once

#include "etcd.h"
#include "http.h"

struct etcd_request;

struct weft_etcd {
	struct event_base *base;
	struct weft_http *http;
	const struct weft_etcd_config *config;
	unsigned int endpoint; // the number of the one in use
	char cluster_id[32];   // the cluster that is followed; empty: none yet
	char token[256];       // of the user; empty: none yet
	bool authenticating;
	struct etcd_request *requests; // under way, or waiting for a token
};

// Returns a new handle for PATH at the endpoint in use, with the options that all requests have. The caller frees the
// handle, and *HEADERS after it.
CURL *etcd_handle(struct weft_etcd *etcd, const char *path, struct curl_slist **headers);

// Endpoint NUMBER has failed: uses the next one, unless another one is in use already.
void etcd_rotate(struct weft_etcd *etcd, unsigned int number);

// Returns a random number below N.
uint32_t etcd_random(uint32_t n);

// Whether HEADER, of a reply, is from the cluster that is followed. The first cluster that answers becomes that.
bool etcd_check_cluster(struct weft_etcd *etcd, const json_t *header);
