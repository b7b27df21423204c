// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Where the policy is kept and agreed on. A host on its own has the file store: the journal in its state folder. A host
// in a cluster has the etcd store, and also keeps the policy in its journal, so that the policy is in force after a
// restart before the first packet, whether the cluster can be reached or not. Every answer may come later; a callback is
// called exactly once, unless the store stops before. Control thread.
#pragma once

#include <event2/event.h>

#include "control/change/write.h"
#include "control/cluster/etcd/etcd.h"
#include "control/host/local.h"

// The parts that a store works with. They must stay valid until it stops.
struct weft_store_setup {
	struct event_base *base;
	struct weft_local *local;
	const char *state_dir; // the journal's folder
	const struct weft_etcd_config *etcd;
};

struct weft_store_ops {
	const char *name;
	// Brings the stored policy into force, and follows the store from then on. Returns 0 or -errno with ERR.
	int (*start)(const struct weft_store_setup *setup, struct weft_error *err);
	void (*stop)(void);

	// Takes WRITE over until done() has been called; done() frees it.
	void (*submit)(struct weft_write *write);

	// The whole policy, whichever host its objects are on. The model is valid during the callback, which must not
	// change it.
	void (*view)(weft_view_cb cb, void *arg);

	// Answers {generation, state, hosts: [{host, state, applied, ...}]} once all hosts have applied GENERATION; 0:
	// answers at once, for the current one.
	void (*wait)(uint64_t generation, uint32_t timeout_ms, weft_json_cb cb, void *arg);

	void (*generations)(weft_json_cb cb, void *arg);		 // summaries, the latest first
	void (*record)(uint64_t generation, weft_json_cb cb, void *arg); // a whole record

	// Adds the store's own state to STATUS.
	void (*status)(json_t *status);
};

extern const struct weft_store_ops weft_store_file, weft_store_etcd;
