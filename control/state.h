// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What the control thread holds; its files share it. There is one, on one thread.
#pragma once

#include <event2/event.h>
#include <jansson.h>

#include "control.h"
#include "model.h"
#include "placement.h"

struct weft_state {
	struct weft_config config;
	struct event_base *base;
	struct weft_model *model;
	struct weft_placement placement;
	uint64_t version;  // of the snapshot in force
	json_t *failed;	   // ports of the model whose device did not open: path to reason
	uint64_t start_us; // wall clock
	uint64_t tsc_hz;
};

extern struct weft_state ctl;

enum weft_apply_mode {
	WEFT_APPLY,
	WEFT_APPLY_DRY_RUN, // only says what would be
	WEFT_APPLY_RESTORE, // BUNDLE was in force before a restart
};

// apply.c: makes BUNDLE part of the desired state, or nothing. CHANGES
// gets a new object {added, changed, removed}. Returns 0 or -errno with ERR. A port that was part of the state
// before, and whose device does not open now, does not hold up the others: it stands in ctl.failed.
int weft_apply(const json_t *bundle, enum weft_apply_mode mode, json_t **changes, struct weft_error *err);

// Compiles and publishes again after the placement changed, and waits until all workers use it.
int weft_republish(struct weft_error *err);

// store.c: the applied objects on disk.
int weft_store_load(const char *dir, json_t **tree, struct weft_error *err);
int weft_store_save(const char *dir, const json_t *tree, struct weft_error *err);

// server.c: the UNIX socket.
int weft_server_start(struct weft_error *err);
void weft_server_stop(void);

// methods.c: answers one JSON-RPC request. MAY_CHANGE: the peer may change things. Returns the result, a
// new reference, or NULL with ERR; CODE is JSON-RPC's error code.
json_t *weft_method_call(const char *method, const json_t *params, bool may_change, int *code, struct weft_error *err);

// report.c: results of the methods that read.
json_t *weft_report_status(void);
json_t *weft_report_ports(void);
json_t *weft_report_port(const struct weft_port *port);
json_t *weft_report_workers(void);
json_t *weft_report_drops(const char *port);
json_t *weft_report_audit(struct weft_error *err);
json_t *weft_report_fdb(void);

// hints.c: how to start QEMU or libvirt with the port.
json_t *weft_hints(const struct weft_port *port);

// frame.c: a frame that PORT could send to TO, a MAC or an address; or HEX as it stands. Returns its length,
// or -EINVAL with ERR.
#define WEFT_FRAME_MAX 2000
int
weft_frame_build(const struct weft_port *port, const char *to, uint8_t frame[WEFT_FRAME_MAX], struct weft_error *err);
int weft_frame_from_hex(const char *hex, uint8_t frame[WEFT_FRAME_MAX], struct weft_error *err);

// The full name of a port: "name" is short for "default/name".
void weft_full_name(const char *name, char path[WEFT_PATH_SIZE]);
