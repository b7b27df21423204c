// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A watch: hears of every change of some keys, in order.
#pragma once

#include "etcd.h"

struct weft_watch;

// EVENTS is an array of {"type": "DELETE" or missing, "kv": ...}, valid during the call. NULL: events may have been
// missed, and the caller must read the keys again and make a new watch.
typedef void (*weft_watch_cb)(void *arg, const json_t *events);

#define WEFT_WATCH_KEYS 2

// Watches KEYS from REVISION on: up to WEFT_WATCH_KEYS, the first NULL ends them. PREFIX: all keys that start with
// them. All share one connection; when it fails, the watch goes on at another endpoint. It asks for a sign of life every
// HEARTBEAT_MS. Returns NULL without memory.
struct weft_watch *weft_watch_new(struct weft_etcd *etcd, const char *const keys[WEFT_WATCH_KEYS], bool prefix,
	int64_t revision, uint32_t heartbeat_ms, weft_watch_cb cb, void *arg);
void weft_watch_free(struct weft_watch *watch);
