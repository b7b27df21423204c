// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "sessions.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "weft/engine.h"

#include "control/compile/rulebook.h"
#include "control/state/state.h"
#include "control/policy/names.h"
#include "select.h"

#define DEFAULT_ROWS 1000
#define MAX_ROWS     100000

// Which connections a method asks for, and what it has found.
struct query {
	uint16_t slot; // WEFT_PORT_NONE: any
	int state;     // -1: any
	bool by_address, v6;
	uint8_t address[16];
	uint32_t limit;
	bool kill;
	uint64_t n; // connections that matched
	uint16_t worker;
	json_t *rows; // NULL: only numbers are wanted
	uint64_t by_state[WEFT_N_SESSION_STATES];
};

// The state called NAME, or -1.
static int
state_number(const char *name)
{
	for (int i = 1; i < WEFT_N_SESSION_STATES; i++)
		if (strcmp(name, weft_session_state_name(i)) == 0)
			return i;
	return -1;
}

static int
unknown_state(const char *name, struct weft_error *err)
{
	char known[256];
	size_t len = 0;

	for (unsigned int i = 1; i < WEFT_N_SESSION_STATES && len < sizeof(known); i++)
		len += snprintf(known + len, sizeof(known) - len, "%s%s", len ? ", " : "", weft_session_state_name(i));
	return weft_fail(err, EINVAL, "params.state: there is no state \"%.40s\"; known are %s", name, known);
}

static int
read_query(const json_t *params, struct query *q, struct weft_error *err)
{
	const char *port = json_string_value(json_object_get(params, "port"));
	const char *address = json_string_value(json_object_get(params, "address"));
	const char *state = json_string_value(json_object_get(params, "state"));
	const json_t *limit = json_object_get(params, "limit");
	char path[WEFT_PATH_SIZE];

	*q = (struct query){ .state = -1, .limit = DEFAULT_ROWS };
	if (port) {
		weft_full_name(port, path);
		q->slot = weft_placement_find(weft_ctl.local.placement, path);
		if (q->slot == WEFT_PORT_NONE)
			return weft_fail(
				err, ENOENT, "there is no port %s on this host; see 'weftctl port list'", path);
	}
	if (address) {
		q->by_address = true;
		q->v6 = strchr(address, ':') != NULL;
		if (inet_pton(q->v6 ? AF_INET6 : AF_INET, address, q->address) != 1)
			return weft_fail(err, EINVAL, "params.address: expected an IPv4 or IPv6 address, got \"%.60s\"",
				address);
	}
	if (state && (q->state = state_number(state)) < 0)
		return unknown_state(state, err);
	if (limit && (!json_is_integer(limit) || json_integer_value(limit) < 1 || json_integer_value(limit) > MAX_ROWS))
		return weft_fail(err, EINVAL, "params.limit: expected a number from 1 to %d", MAX_ROWS);
	if (limit)
		q->limit = json_integer_value(limit);
	return 0;
}

static const uint8_t *
address_of(const struct weft_session *s, unsigned int e)
{
	return s->key.family == 6 ? s->addr6[e] : (const uint8_t *)&s->key.addr[e];
}

static bool
matches(const struct query *q, const struct weft_session *s)
{
	size_t size = q->v6 ? 16 : 4;

	if (q->slot && s->key.slot[0] != q->slot && s->key.slot[1] != q->slot)
		return false;
	if (q->state >= 0 && s->state != q->state)
		return false;
	if (!q->by_address)
		return true;
	return (s->key.family == 6) == q->v6 &&
	       (memcmp(address_of(s, 0), q->address, size) == 0 || memcmp(address_of(s, 1), q->address, size) == 0);
}

static json_t *
end_row(const struct weft_session *s, unsigned int e)
{
	char address[INET6_ADDRSTRLEN];
	bool is_icmp = s->key.proto == IPPROTO_ICMP || s->key.proto == IPPROTO_ICMPV6;

	inet_ntop(s->key.family == 6 ? AF_INET6 : AF_INET, address_of(s, e), address, sizeof(address));
	return json_pack("{s:s, s:s, s:i, s:s}", "address", address, "port", weft_select_slot_name(s->key.slot[e]),
		is_icmp ? "id" : "l4_port", ntohs(s->key.l4[is_icmp ? 0 : e]), "rule",
		weft_rulebook_name(s->counter[e != (s->flags & WEFT_SESSION_BY_END1)]));
}

static json_t *
session_row(const struct query *q, const struct weft_session *s, uint32_t clock)
{
	const struct weft_snapshot *snap = weft_engine_snapshot();
	const struct weft_domain *domain = weft_snapshot_domain(snap, s->key.domain);
	unsigned int opener = s->flags & WEFT_SESSION_BY_END1;

	return json_pack("{s:i, s:s, s:s, s:o, s:o, s:i, s:i, s:I, s:I, s:i}", "protocol", s->key.proto, "state",
		weft_session_state_name(s->state), "network", domain->name ? domain->name : "", "from",
		end_row(s, opener), "to", end_row(s, !opener), "age_s", (int)(clock - s->since), "idle_s",
		(int)(clock - s->seen), "packets", (json_int_t)(s->all_packets + s->packets), "bytes",
		(json_int_t)(s->all_bytes + s->bytes), "worker", q->worker);
}

static bool
take_session(void *arg, const struct weft_session *s, uint32_t clock)
{
	struct query *q = arg;

	if (!matches(q, s))
		return false;
	q->n++;
	q->by_state[s->state]++;
	if (q->rows && json_array_size(q->rows) < q->limit)
		json_array_append_new(q->rows, session_row(q, s, clock));
	return q->kill;
}

static int
run_query(struct query *q, struct weft_error *err)
{
	int ret = 0;

	for (q->worker = 0; ret == 0 && q->worker < weft_engine_n_workers(); q->worker++)
		ret = weft_engine_each_session(q->worker, take_session, q);
	return ret ? weft_fail(err, -ret, "worker %u does not answer: %s", q->worker - 1, strerror(-ret)) : 0;
}

json_t *
weft_report_sessions(const json_t *params, struct weft_error *err)
{
	struct query q;

	if (read_query(params, &q, err))
		return NULL;
	q.rows = json_array();
	if (run_query(&q, err)) {
		json_decref(q.rows);
		return NULL;
	}
	return json_pack("{s:I, s:o}", "matched", (json_int_t)q.n, "sessions", q.rows);
}

json_t *
weft_report_session_counts(const json_t *params, struct weft_error *err)
{
	json_t *states = json_object(), *workers = json_array();
	struct query q;

	if (read_query(params, &q, err) || run_query(&q, err)) {
		json_decref(states);
		json_decref(workers);
		return NULL;
	}
	for (unsigned int i = 1; i < WEFT_N_SESSION_STATES; i++)
		if (q.by_state[i])
			json_object_set_new(states, weft_session_state_name(i), json_integer(q.by_state[i]));
	for (uint16_t w = 0; w < weft_engine_n_workers(); w++) {
		struct weft_session_counts c;

		weft_engine_session_counts(w, &c);
		json_array_append_new(workers,
			json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "worker", w, "sessions",
				(json_int_t)c.n, "size", (json_int_t)c.size, "opened", (json_int_t)c.opened, "expired",
				(json_int_t)c.expired, "evicted", (json_int_t)c.evicted, "revoked",
				(json_int_t)c.revoked, "rejudged", (json_int_t)c.rejudged, "moved", (json_int_t)c.moved,
				"log_lost", (json_int_t)c.log_lost));
	}
	return json_pack("{s:I, s:o, s:o}", "matched", (json_int_t)q.n, "states", states, "workers", workers);
}

json_t *
weft_report_kill_sessions(const json_t *params, struct weft_error *err)
{
	struct query q;

	if (read_query(params, &q, err))
		return NULL;
	if (!q.slot && !q.by_address && q.state < 0 && !json_is_true(json_object_get(params, "all"))) {
		weft_fail(err, EINVAL, "params: give port, address or state; to end all connections, give all: true");
		return NULL;
	}
	q.kill = true;
	return run_query(&q, err) ? NULL : json_pack("{s:I}", "killed", (json_int_t)q.n);
}
