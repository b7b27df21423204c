// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A client of etcd's v3 JSON gateway (etcd 3.4 and 3.5) over libcurl, on an event loop. Nothing blocks. One thread.
// messages.h makes requests and reads replies; watch.h follows keys.
#pragma once

#include <event2/event.h>
#include <jansson.h>

#include "weft/log.h"

#define WEFT_MAX_ENDPOINTS 8

// How to reach etcd, and the timing of the protocol over it.
struct weft_etcd_config {
	unsigned int n_endpoints;
	char endpoint[WEFT_MAX_ENDPOINTS][128]; // such as "http://10.0.0.1:2379"
	char prefix[64];			// of all keys
	char user[64], password_file[256];	// empty: no authentication
	char ca[256], cert[256], key[256];	// PEM files; empty: none
	uint32_t lease_s;			// a host that is silent for this time has lost the cluster
	uint32_t prepare_s;			// the time that hosts have to prepare a generation
};

struct weft_etcd;

// Makes a client. CLUSTER_ID is the cluster to follow; empty: the first one that answers. CONFIG must stay valid.
// Returns NULL with ERR.
struct weft_etcd *weft_etcd_new(
	struct event_base *base, const struct weft_etcd_config *config, const char *cluster_id, struct weft_error *err);

// Frees the client. The callbacks of requests that are under way are not called any more.
void weft_etcd_free(struct weft_etcd *etcd);

// Returns the id of the cluster that is followed, a decimal number; empty: none has answered yet.
const char *weft_etcd_cluster_id(const struct weft_etcd *etcd);

// REPLY is the JSON that etcd sent, valid during the call. NULL: the call failed, and ERR says why. CODE is then
//   -EAGAIN   no answer came, and etcd may have carried the request out
//   -ENODATA  the revision is compacted
//   -EXDEV    another cluster answered
// or another -errno; except with -EAGAIN, the request was not carried out.
typedef void (*weft_etcd_cb)(void *arg, const json_t *reply, int code, const struct weft_error *err);

// Calls PATH, such as "kv/range", with BODY, which it takes over. CB is called exactly once.
void weft_etcd_call(struct weft_etcd *etcd, const char *path, json_t *body, weft_etcd_cb cb, void *arg);
