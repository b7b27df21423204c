// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What weftd says of connections, of what rules have done, and of who is in a group.
#include "firewall.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "weft/engine.h"

#include "control/base/map.h"
#include "control/compile/rulebook.h"
#include "control/state/state.h"
#include "control/api/methods.h"
#include "page.h"

#define DEFAULT_ROWS 1000
#define MAX_ROWS     100000

// Which connections are meant, and what became of them.
struct query {
	uint16_t slot; // WEFT_PORT_NONE: any
	int state;     // -1: any
	bool by_address, v6;
	uint8_t address[16];
	uint32_t limit;
	bool kill;
	uint64_t n; // that matched
	uint16_t worker;
	json_t *rows; // NULL: none wanted
	uint64_t by_state[WEFT_N_SESSION_STATES];
};

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
			return weft_fail(
				err, EINVAL, "address: expected an IPv4 or IPv6 address, got \"%.60s\"", address);
	}
	for (int i = 1; state && i < WEFT_N_SESSION_STATES; i++)
		if (strcmp(state, weft_session_state_name(i)) == 0)
			q->state = i;
	if (state && q->state < 0)
		return weft_fail(err, EINVAL,
			"state: there is no state \"%.40s\"; known are syn_sent, syn_received, established, fin, "
			"last_ack, closed, "
			"udp_single, udp_stream, echo, other_single, other_stream",
			state);
	if (limit && (!json_is_integer(limit) || json_integer_value(limit) < 1 || json_integer_value(limit) > MAX_ROWS))
		return weft_fail(err, EINVAL, "limit: expected a number from 1 to %d", MAX_ROWS);
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

static const char *
name_of_slot(uint16_t slot)
{
	return slot ? weft_ctl.local.placement->place[slot].path : "(uplink)";
}

static json_t *
end_row(const struct weft_session *s, unsigned int e)
{
	char address[INET6_ADDRSTRLEN];
	bool is_icmp = s->key.proto == IPPROTO_ICMP || s->key.proto == IPPROTO_ICMPV6;

	inet_ntop(s->key.family == 6 ? AF_INET6 : AF_INET, address_of(s, e), address, sizeof(address));
	return json_pack("{s:s, s:s, s:i, s:s}", "address", address, "port", name_of_slot(s->key.slot[e]),
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
				"log_lost", (json_int_t)c.events_lost));
	}
	return json_pack("{s:I, s:o, s:o}", "matched", (json_int_t)q.n, "states", states, "workers", workers);
}

json_t *
weft_kill_sessions(const json_t *params, struct weft_error *err)
{
	struct query q;

	if (read_query(params, &q, err))
		return NULL;
	if (!q.slot && !q.by_address && q.state < 0 && !json_is_true(json_object_get(params, "all"))) {
		weft_fail(err, EINVAL, "name a port, an address or a state, or say that all connections are meant");
		return NULL;
	}
	q.kill = true;
	return run_query(&q, err) ? NULL : json_pack("{s:I}", "killed", (json_int_t)q.n);
}

struct rules_query {
	json_t *rows;
	const char *part; // of a rule's name, or NULL
};

static void
add_rule(void *arg, uint32_t counter, const char *name)
{
	const struct rules_query *q = arg;
	struct weft_rule_stats stats;
	json_t *row;

	if (q->part && strstr(name, q->part) == NULL)
		return;
	weft_engine_rule_stats(counter, &stats);
	row = json_pack("{s:s, s:I, s:I, s:I}", "rule", name, "packets", (json_int_t)stats.packets, "bytes",
		(json_int_t)stats.bytes, "connections", (json_int_t)stats.connections);
	if (stats.last != UINT32_MAX)
		json_object_set_new(row, "last_hit_s", json_integer(stats.last));
	json_array_append_new(q->rows, row);
}

json_t *
weft_report_rules(const json_t *params, struct weft_error *err)
{
	struct rules_query q = { .rows = json_array(), .part = json_string_value(json_object_get(params, "name")) };

	(void)err;
	weft_rulebook_each(add_rule, &q);
	return q.rows;
}

static void
add_member(json_t *members, const struct weft_port *port)
{
	json_t *port_json = json_loads(port->o.text, 0, NULL), *ips = json_object_get(port_json, "ips");

	json_array_append_new(members, json_pack("{s:s, s:s, s:s, s:O, s:b}", "port", port->o.path, "host",
					       port->host[0]	      ? port->host
					       : weft_ctl.local.alone ? weft_ctl.local.host
								      : "",
					       "network", port->network, "ips", ips ? ips : json_null(), "here",
					       weft_local_has(&weft_ctl.local, port)));
	json_decref(port_json);
}

json_t *
weft_report_group(const json_t *params, struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "name")), *user;
	char path[WEFT_PATH_SIZE], key[WEFT_KEY_SIZE];
	const struct weft_group *group;
	json_t *members, *value;

	if (name == NULL) {
		weft_fail(err, EINVAL, "params.name: missing; it is the name of a group");
		return NULL;
	}
	weft_full_name(name, path);
	weft_key_make(&weft_kind_group, path, key);
	group = weft_rules_of(weft_model_get(weft_ctl.local.model, key));
	if (group == NULL) {
		weft_fail(err, ENOENT, "there is no group %s; see 'weftctl get group'", path);
		return NULL;
	}
	members = json_array();
	json_object_foreach (json_object_get(weft_ctl.local.model->users, key), user, value) {
		const struct weft_object *object = weft_map_value(value);

		if (object->kind == &weft_kind_port)
			add_member(members, (const struct weft_port *)object);
	}
	return json_pack("{s:s, s:i, s:o}", "group", path, "rules", (int)group->rules.n, "members", members);
}

static void
log_event(void *arg, const struct weft_event *event)
{
	static const char *const actions[] = { "allow", "deny", "reject" };
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	int family = event->v6 ? AF_INET6 : AF_INET;

	(void)arg;
	inet_ntop(family, event->addr[0], from, sizeof(from));
	inet_ntop(family, event->addr[1], to, sizeof(to));
	WEFT_LOG(INFO,
		"event=rule action=%s rule=\"%s\" from=%s to=%s protocol=%u source=%s source_port=%u destination=%s "
		"destination_port=%u",
		actions[event->action], weft_rulebook_name(event->counter), name_of_slot(event->port[0]),
		name_of_slot(event->port[1]), event->proto, from, event->l4[0], to, event->l4[1]);
}

void
weft_log_events(void)
{
	weft_engine_events(log_event, NULL);
}
