// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// GET /metrics: weftd's reports as OpenMetrics 1.0. weftd is asked for one report after the other, and for ports a page at
// a time. The text about ports is made while it is sent.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <microhttpd.h>

#include "backend.h"
#include "control/rest/http/answer.h"
#include "control/rest/http/problem.h"
#include "families.h"
#include "route.h"
#include "samples.h"

#define PAGE  256  // ports of one call
#define BLOCK 8192 // bytes of text that libmicrohttpd asks for at once
#define TYPE  "application/openmetrics-text; version=1.0.0; charset=utf-8"

// The data that one request has gathered.
struct gathering {
	struct evbuffer *out;
	struct samples ports, plans;
	unsigned int step; // what is sent next: a family of the ports, the drops, a family of the plans, the end
	size_t at;	   // its next row
};

static void
begin(struct evbuffer *out, const char *name, bool counter, const char *help)
{
	evbuffer_add_printf(out, "# TYPE %s %s\n# HELP %s %s\n", name, counter ? "counter" : "gauge", name, help);
}

static void
add_sample(struct evbuffer *out, const struct family *f, const char *label, const char *who, double value)
{
	evbuffer_add_printf(
		out, "%s%s{%s=\"%s\"} %.15g\n", f->name, f->counter ? "_total" : "", label, who, value * f->scale);
}

// All FAMILIES of the rows in LIST; the text or the number in a row's field LABEL is the label.
static void
add_rows(struct evbuffer *out, const struct family *f, const json_t *list, const char *label)
{
	for (; f->name; f++) {
		size_t i;
		json_t *row;

		begin(out, f->name, f->counter, f->help);
		json_array_foreach ((json_t *)(uintptr_t)list, i, row) {
			const json_t *who = json_object_get(row, label);
			char number[24];

			snprintf(number, sizeof(number), "%lld", json_integer_value(who));
			add_sample(out, f, label, json_is_string(who) ? json_string_value(who) : number,
				samples_number(row, f->field));
		}
	}
}

static void
add_status(struct evbuffer *out, const json_t *status)
{
	for (const struct family *f = status_families; f->name; f++) {
		if (json_object_get(status, f->field) == NULL)
			continue;
		begin(out, f->name, f->counter, f->help);
		evbuffer_add_printf(out, "%s%s %.15g\n", f->name, f->counter ? "_total" : "",
			samples_number(status, f->field) * f->scale);
	}
	evbuffer_add_printf(out,
		"# TYPE weft_build info\n# HELP weft_build The versions that run.\nweft_build_info{version=\"%s\",dpdk=\"%s\"} 1\n",
		json_string_value(json_object_get(status, "version")),
		json_string_value(json_object_get(status, "dpdk")));
}

// How many hosts are in which state, as this host sees the cluster.
static void
add_hosts(struct evbuffer *out, const json_t *hosts)
{
	static const char *const states[] = { "live", "late", "refused", "fenced" };
	unsigned int count[4] = { 0 };
	size_t i;
	json_t *host;

	json_array_foreach ((json_t *)(uintptr_t)hosts, i, host) {
		const char *state = json_string_value(json_object_get(host, "state"));
		unsigned int k = 0;

		while (state && k < 3 && strcmp(states[k], state))
			k++;
		// A late host with a note has refused the generation.
		count[k == 1 && json_object_get(host, "note") ? 2 : k]++;
	}
	begin(out, "weft_cluster_hosts", false, "Hosts of the cluster, by state.");
	for (unsigned int k = 0; k < 4; k++)
		evbuffer_add_printf(out, "weft_cluster_hosts{state=\"%s\"} %u\n", states[k], count[k]);
}

static void
free_gathering(void *arg)
{
	struct gathering *g = arg;

	if (g == NULL)
		return;
	samples_free(&g->ports);
	samples_free(&g->plans);
	if (g->out)
		evbuffer_free(g->out);
	free(g);
}

// Up to PAGE more rows of SAMPLES, of the family number STEP. True: these were the last.
static bool
render_rows(struct gathering *g, const struct samples *samples, unsigned int step)
{
	const struct family *f = &samples->families[step];

	if (g->at == 0)
		begin(g->out, f->name, f->counter, f->help);
	for (size_t end = g->at + PAGE; g->at < samples->n && g->at < end; g->at++)
		add_sample(g->out, f, "port", samples->row[g->at].port, samples->row[g->at].value[step]);
	return g->at == samples->n;
}

static bool
render_drops(struct gathering *g)
{
	if (g->at == 0)
		begin(g->out, "weft_port_dropped_packets", true, "Packets from the port that were dropped, by reason.");
	for (size_t end = g->at + PAGE; g->at < g->ports.n && g->at < end; g->at++) {
		const char *reason;
		json_t *count;

		json_object_foreach (g->ports.row[g->at].drops, reason, count)
			evbuffer_add_printf(g->out, "weft_port_dropped_packets_total{port=\"%s\",reason=\"%s\"} %lld\n",
				g->ports.row[g->at].port, reason, json_integer_value(count));
	}
	return g->at == g->ports.n;
}

// Appends the next part of the text. False: there is none.
static bool
render(struct gathering *g)
{
	unsigned int ports = g->ports.n_families, all = ports + 1 + g->plans.n_families;
	bool last;

	if (g->step > all)
		return false;
	if (g->step == all) {
		evbuffer_add_printf(g->out, "# EOF\n");
		g->step++;
		return true;
	}
	if (g->step < ports)
		last = render_rows(g, &g->ports, g->step);
	else if (g->step == ports)
		last = render_drops(g);
	else
		last = render_rows(g, &g->plans, g->step - ports - 1);
	if (last) {
		g->step++;
		g->at = 0;
	}
	return true;
}

static ssize_t
read_text(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct gathering *g = arg;

	(void)pos;
	while (evbuffer_get_length(g->out) < max && render(g))
		;
	if (evbuffer_get_length(g->out) == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	return evbuffer_remove(g->out, buf, max);
}

static void
send_text(struct request *r)
{
	struct gathering *g = r->own;
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_text, g, free_gathering);

	r->own = NULL;
	if (response) {
		weft_answer_response(r, TYPE, response);
		return;
	}
	free_gathering(g);
	weft_problem(r, 500, "weft-rest has no memory left");
}

static void
fail(struct request *r)
{
	free_gathering(r->own);
	r->own = NULL;
	weft_problem(r, 500, "weft-rest has no memory left");
}

static struct evbuffer *
out_of(const struct request *r)
{
	return ((struct gathering *)r->own)->out;
}

static void
on_plans(struct request *r, json_t *result)
{
	struct gathering *g = r->own;
	const char *next = json_string_value(json_object_get(result, "next"));
	bool ok = true, first = g->plans.n == 0;
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(result, "ports"), i, row)
		ok = ok && samples_add(&g->plans, row, json_string_value(json_object_get(row, "port")), NULL);
	if (first)
		add_rows(g->out, tenant_families, json_object_get(result, "tenants"), "tenant");
	if (!ok)
		fail(r);
	else if (next)
		backend_call(r, "plans", json_pack("{s:i, s:s}", "limit", PAGE, "after", next), on_plans);
	else
		send_text(r);
	json_decref(result);
}

static void
on_ports(struct request *r, json_t *result)
{
	struct gathering *g = r->own;
	const char *next = json_string_value(json_object_get(result, "next"));
	bool ok = true;
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(result, "ports"), i, row)
		ok = ok && samples_add(&g->ports, row, json_string_value(json_object_get(row, "name")),
				   json_object_get(row, "drops"));
	if (!ok)
		fail(r);
	else if (next)
		backend_call(r, "ports", json_pack("{s:i, s:s}", "limit", PAGE, "after", next), on_ports);
	else
		backend_call(r, "plans", json_pack("{s:i}", "limit", PAGE), on_plans);
	json_decref(result);
}

static void
on_hosts(struct request *r, json_t *result)
{
	add_hosts(out_of(r), json_object_get(result, "hosts"));
	json_decref(result);
	backend_call(r, "ports", json_pack("{s:i}", "limit", PAGE), on_ports);
}

static void
on_counts(struct request *r, json_t *result)
{
	add_rows(out_of(r), session_families, json_object_get(result, "workers"), "worker");
	json_decref(result);
	backend_call(r, "wait", json_object(), on_hosts);
}

static void
on_workers(struct request *r, json_t *result)
{
	add_rows(out_of(r), worker_families, result, "worker");
	json_decref(result);
	backend_call(r, "session_counts", json_object(), on_counts);
}

static void
on_status(struct request *r, json_t *result)
{
	add_status(out_of(r), result);
	json_decref(result);
	backend_call(r, "workers", json_object(), on_workers);
}

static void
get_metrics(struct request *r)
{
	struct gathering *g = calloc(1, sizeof(*g));

	if (g == NULL || (g->out = evbuffer_new()) == NULL) {
		free(g);
		weft_problem(r, 500, "weft-rest has no memory left");
		return;
	}
	samples_begin(&g->ports, port_families);
	samples_begin(&g->plans, plan_families);
	r->own = g;
	r->free_own = free_gathering;
	backend_call(r, "status", json_object(), on_status);
}

const struct route metric_routes[] = {
	{ "GET", "/metrics", "OpenMetrics 1.0", .type = "application/openmetrics-text", .run = get_metrics },
	{ 0 },
};
