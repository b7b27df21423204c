// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What the control thread holds; its files share it. There is one, on one thread.
#pragma once

#include <event2/event.h>
#include <jansson.h>

#include "control/daemon/life.h"
#include "control/journal/journal.h"
#include "control/host/local.h"
#include "control/store/store.h"

struct weft_state {
	struct weft_config config;
	struct event_base *base;
	struct weft_local local;
	struct weft_journal *journal;
	const struct weft_store_ops *store;
	uint64_t start_us; // wall clock
};

extern struct weft_state ctl;

// restore.c: opens the journal, and brings what was in force before a restart into force. EACH, which may be NULL, gets
// the records of generations. Returns 0 or -errno with ERR.
int weft_restore(void (*each)(const json_t *record), struct weft_error *err);

// Everything that is in force, as one record of the journal; a new object.
json_t *weft_whole_record(uint64_t generation);

// server.c: the UNIX socket.
int weft_server_start(struct weft_error *err);
void weft_server_stop(void);

// A request in work. What is done for it later holds a pointer, and ends it with exactly one of these two.
struct weft_call {
	struct weft_client *client; // NULL: it has gone meanwhile
	struct weft_call *next;	    // of the client's
	json_t *id;
	char who[96];  // asks
	json_t *scope; // in whose name, and what that one may change: see scope.h; NULL: its own
};

void weft_call_result(struct weft_call *call, json_t *result); // takes RESULT over
void weft_call_error(struct weft_call *call, int code, const struct weft_error *err);

// methods.c: carries out one JSON-RPC request, now or later. MAY_CHANGE: the peer may change things.
void weft_method_run(struct weft_call *call, const char *method, const json_t *params, bool may_change);

// list.c: a page of what PARAMS ask for: {kind, tenant, where: {field: value}, after: key, limit}. Check first: returns
// 0 and the KIND, or -EINVAL with ERR. {objects: [{key, name, etag, object}], total, next: key, where there are more}.
int weft_list_check(const json_t *params, const struct weft_kind **kind, struct weft_error *err);
json_t *weft_list_page(const struct weft_model *model, const struct weft_kind *kind, const json_t *params);

// policy.c: the methods that read and write the policy. PARAMS is valid during the call only.
void weft_policy_apply(struct weft_call *call, const json_t *params);
void weft_policy_set(struct weft_call *call, const json_t *params);
void weft_policy_delete(struct weft_call *call, const json_t *params);
void weft_policy_undo(struct weft_call *call, const json_t *params);
void weft_policy_retire(struct weft_call *call, const json_t *params);
void weft_policy_get(struct weft_call *call, const json_t *params);
void weft_policy_list(struct weft_call *call, const json_t *params);
void weft_policy_where(struct weft_call *call, const json_t *params);
void weft_policy_wait(struct weft_call *call, const json_t *params);
void weft_policy_generations(struct weft_call *call, const json_t *params);
void weft_policy_record(struct weft_call *call, const json_t *params);
void weft_policy_schema(struct weft_call *call, const json_t *params);

// keep.c: keeps VALUE in the file NAME beside the journal, or a part of it never; SYNC: on the disk when it returns.
// Returns 0 or -EIO. And what is kept there, a new object; an empty one where nothing is.
int weft_keep(const char *name, const json_t *value, bool sync);
json_t *weft_kept(const char *name);

// warnings.c: what is odd about CHANGES, or not enforced in this version, in words. A new array.
json_t *weft_warnings(const json_t *changes);

// JSON-RPC 2.0 leaves -32000 to -32099 to the server.
#define WEFT_REJECTED  -32000
#define WEFT_FORBIDDEN -32001
#define WEFT_CONFLICT  -32002 // params.expect does not hold
#define WEFT_MISSING   -32003 // what it is about is not there

// page.c: calls FN for this host's ports, of params.tenant or params.port where that is there: all of them, or with
// params.limit so many of those after params.after, in the order of their names. Returns the last one's name, where
// there are more. What it returns is valid until the policy changes.
const char *weft_page_ports(const json_t *params, void (*fn)(void *arg, const struct weft_port *port), void *arg);

// report.c: results of the methods that read. Ports come as a list, or with params.limit as {ports, next}.
json_t *weft_report_status(void);
json_t *weft_report_ports(const json_t *params);
json_t *weft_report_port(const struct weft_port *port);
json_t *weft_report_workers(void);
json_t *weft_report_drops(const char *port);
json_t *weft_report_audit(struct weft_error *err);
json_t *weft_report_fdb(void);

// report_firewall.c: connections, what rules have done, and groups. PARAMS filter; NULL with ERR where they make no
// sense.
json_t *weft_report_sessions(const json_t *params, struct weft_error *err);
json_t *weft_report_session_counts(const json_t *params, struct weft_error *err);
json_t *weft_kill_sessions(const json_t *params, struct weft_error *err);
json_t *weft_report_rules(const json_t *params, struct weft_error *err);
json_t *weft_report_group(const json_t *params, struct weft_error *err);

// report_tunnels.c: what is wrong with a network's way to other hosts. Likewise.
json_t *weft_report_network(const json_t *params, struct weft_error *err);

// The ways to other hosts, and what comes from them.
json_t *weft_report_tunnels(const json_t *params, struct weft_error *err);

// report_sriov.c: the host's network functions; the PF params.pf with its VFs; and what is known of PORT's VF, with who
// enforces each part of its policy, NULL where it has none.
json_t *weft_report_functions(const json_t *params, struct weft_error *err);
json_t *weft_report_function(const json_t *params, struct weft_error *err);
json_t *weft_report_vf(const struct weft_port *port);

// What its PF has counted of PORT's VF, by the names of a port's counters; zeros where the PF's driver does not count.
json_t *weft_report_vf_counters(const struct weft_port *port);

// What ports' plans say and do.
json_t *weft_report_plans(const json_t *params, struct weft_error *err);

// events.c: what has happened: the latest lines of the log. The method, {after, run, timeout_ms}, waits for the next
// one; the tick answers those that wait.
void weft_events_wait(struct weft_call *call, const json_t *params);
void weft_events_tick(void);

// watchdog.c: tells systemd, where it has started weftd, that weftd serves, and goes on doing so.
void weft_watchdog_start(void);
void weft_watchdog_stop(void);

// Logs what rules have asked for.
void weft_log_events(void);

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
