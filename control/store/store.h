// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Where the policy is kept and agreed on: one host's file, or a cluster's etcd. Everything may be answered later; a
// callback is called exactly once, unless the store stops before. Control thread.
#pragma once

#include "control/change/history.h"
#include "control/host/local.h"

struct weft_write {
	struct weft_write *next;
	json_t *changes; // as weft_model_change() takes them; the write's own
	json_t *expect;	 // {key: etag, null: is not there, true: is there}, when it is done; NULL: whatever there is
	bool conflict;	 // that did not hold
	json_t *scope;	 // whose it is, and what it may change: see scope.h; NULL: whatever it likes
	bool forbidden;	 // it may not
	char who[96];
	char note[96];
	bool wait; // done() is called when it is applied everywhere, not when it is accepted
	uint32_t timeout_ms;
	uint64_t begin_by; // the store's own

	// RESULT is {added, changed, removed, generation, ...}, the callee's; NULL: rejected, ERR says why. LATE:
	// accepted, but the deadline has passed, and RESULT names the hosts that are late.
	void (*done)(struct weft_write *write, json_t *result, bool late, const struct weft_error *err);
	void *arg;
};

typedef void (*weft_json_cb)(void *arg, json_t *result, bool late, const struct weft_error *err);
typedef void (*weft_view_cb)(void *arg, struct weft_model *model, const struct weft_error *err);

struct weft_store_ops {
	const char *name;
	// Brings what is known into force, and follows the store from then on. Returns 0 or -errno with ERR.
	int (*start)(struct weft_error *err);
	void (*stop)(void);

	// Takes WRITE over until done() has been called, which frees it.
	void (*submit)(struct weft_write *write);

	// The whole policy, on whatever host its objects are. The model is valid during the callback, which leaves it
	// as it is.
	void (*view)(weft_view_cb cb, void *arg);

	// {generation, state, hosts: [{host, state, applied, ...}]} once GENERATION is applied everywhere, or 0: the
	// current one's state at once.
	void (*wait)(uint64_t generation, uint32_t timeout_ms, weft_json_cb cb, void *arg);

	void (*generations)(weft_json_cb cb, void *arg);		 // summaries, the latest first
	void (*record)(uint64_t generation, weft_json_cb cb, void *arg); // one record, whole

	// Adds what the store has to say of itself to STATUS.
	void (*status)(json_t *status);
};

extern const struct weft_store_ops weft_store_file, weft_store_etcd;

// batch.c: joins the writes in the list as one set of changes, each checked against MODEL with those before it; those
// that do not fit are answered and leave the list. MODEL is as before afterwards. Returns a new object.
json_t *weft_batch_join(struct weft_model *model, struct weft_write **list);

// Whether WRITE may change what it changes, and what it expects holds in MODEL. Returns 0 or -errno with ERR.
int weft_write_check(const struct weft_model *model, struct weft_write *write, struct weft_error *err);

// Frees a write that is answered.
void weft_write_free(struct weft_write *write);
