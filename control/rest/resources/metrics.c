// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What weftd reports, as OpenMetrics 1.0. Ports are asked for a page at a time and kept as numbers, and the text is
// made as it is sent: a family's samples stand together, so every port is needed before the first line about ports.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <microhttpd.h>

#include "families.h"
#include "control/rest/http/request.h"

#define PAGE  256  // ports in one call
#define BLOCK 8192 // of the text
#define TYPE  "application/openmetrics-text; version=1.0.0; charset=utf-8"

// Rows with a name and a number for each family.
struct table {
	const struct family *families;
	unsigned int n_families;
	const char *label;
	size_t n, room;
	struct row {
		char *name;
		json_t *drops; // {reason: packets}, of a port that has some
		double *value;
	} * row;
};

// One request's.
struct gathering {
	struct evbuffer *out;
	struct table ports, plans;
	unsigned int step; // what is sent next: a family, counted over both tables
	size_t at;	   // and its next row
};

static double
number_at(const json_t *row, const char *field)
{
	const char *dot = strchr(field, '.');
	const json_t *value;
	char first[32] = "";

	if (dot) {
		strncat(first, field,
			(size_t)(dot - field) < sizeof(first) - 1 ? (size_t)(dot - field) : sizeof(first) - 1);
		row = json_object_get(row, first);
		field = dot + 1;
	}
	value = json_object_get(row, field);
	return json_is_true(value) ? 1 : json_number_value(value);
}

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

// The families of LIST's rows, of which the text or the number in FIELD is the LABEL.
static void
add_rows(struct evbuffer *out, const struct family *f, const json_t *list, const char *label, const char *field)
{
	for (; f->name; f++) {
		size_t i;
		json_t *row;

		begin(out, f->name, f->counter, f->help);
		json_array_foreach ((json_t *)(uintptr_t)list, i, row) {
			const json_t *who = json_object_get(row, field);
			char number[24];

			snprintf(number, sizeof(number), "%lld", json_integer_value(who));
			add_sample(out, f, label, json_is_string(who) ? json_string_value(who) : number,
				number_at(row, f->field));
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
		evbuffer_add_printf(out, "%s %.15g\n", f->name, number_at(status, f->field) * f->scale);
	}
	evbuffer_add_printf(out,
		"# TYPE weft_build info\n# HELP weft_build What runs.\nweft_build_info{version=\"%s\",dpdk=\"%s\"} 1\n",
		json_string_value(json_object_get(status, "version")),
		json_string_value(json_object_get(status, "dpdk")));
}

// How many hosts are in step with the cluster, as this one sees it.
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
		// One that is late and says why does not want it.
		count[k == 1 && json_object_get(host, "note") ? 2 : k]++;
	}
	begin(out, "weft_cluster_hosts", false, "Hosts of the cluster, by state.");
	for (unsigned int k = 0; k < 4; k++)
		evbuffer_add_printf(out, "weft_cluster_hosts{state=\"%s\"} %u\n", states[k], count[k]);
}

static void
table_begin(struct table *table, const struct family *families, const char *label)
{
	table->families = families;
	table->label = label;
	while (families[table->n_families].name)
		table->n_families++;
}

static bool
table_add(struct table *table, const json_t *from, const char *name, json_t *drops)
{
	struct row *row;

	if (table->n == table->room) {
		size_t room = table->room ? 2 * table->room : PAGE;
		struct row *more = realloc(table->row, room * sizeof(*more));

		if (more == NULL)
			return false;
		table->row = more;
		table->room = room;
	}
	row = &table->row[table->n];
	row->name = strdup(name ? name : "");
	row->value = malloc(table->n_families * sizeof(double));
	row->drops = json_object_size(drops) ? json_incref(drops) : NULL;
	table->n++;
	if (row->value == NULL || row->name == NULL)
		return false;
	for (unsigned int i = 0; i < table->n_families; i++)
		row->value[i] = number_at(from, table->families[i].field);
	return true;
}

static void
table_free(struct table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		free(table->row[i].name);
		free(table->row[i].value);
		json_decref(table->row[i].drops);
	}
	free(table->row);
}

static void
free_gathering(void *arg)
{
	struct gathering *g = arg;

	if (g == NULL)
		return;
	table_free(&g->ports);
	table_free(&g->plans);
	if (g->out)
		evbuffer_free(g->out);
	free(g);
}

// Some rows of family number STEP of a table. True: that was the last.
static bool
render_rows(struct gathering *g, const struct table *table, unsigned int step)
{
	const struct family *f = &table->families[step];

	if (g->at == 0)
		begin(g->out, f->name, f->counter, f->help);
	for (size_t end = g->at + PAGE; g->at < table->n && g->at < end; g->at++)
		add_sample(g->out, f, table->label, table->row[g->at].name, table->row[g->at].value[step]);
	return g->at == table->n;
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
				g->ports.row[g->at].name, reason, json_integer_value(count));
	}
	return g->at == g->ports.n;
}

// The next part of the text. False: that was all.
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
	struct gathering *g = r->gathering;
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_text, g, free_gathering);

	r->gathering = NULL;
	if (response) {
		http_respond(r, TYPE, response);
		return;
	}
	free_gathering(g);
	problem(r, 500, "no memory");
}

static void
fail(struct request *r)
{
	free_gathering(r->gathering);
	r->gathering = NULL;
	problem(r, 500, "no memory");
}

static struct evbuffer *
out_of(const struct request *r)
{
	return ((struct gathering *)r->gathering)->out;
}

static void
on_plans(struct request *r, json_t *result)
{
	struct gathering *g = r->gathering;
	const char *next = json_string_value(json_object_get(result, "next"));
	bool ok = true, first = g->plans.n == 0;
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(result, "ports"), i, row)
		ok = ok && table_add(&g->plans, row, json_string_value(json_object_get(row, "port")), NULL);
	if (first)
		add_rows(g->out, tenant_families, json_object_get(result, "tenants"), "tenant", "tenant");
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
	struct gathering *g = r->gathering;
	const char *next = json_string_value(json_object_get(result, "next"));
	bool ok = true;
	size_t i;
	json_t *row;

	json_array_foreach (json_object_get(result, "ports"), i, row)
		ok = ok && table_add(&g->ports, row, json_string_value(json_object_get(row, "name")),
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
	add_rows(out_of(r), table_families, json_object_get(result, "workers"), "worker", "worker");
	json_decref(result);
	backend_call(r, "wait", json_object(), on_hosts);
}

static void
on_workers(struct request *r, json_t *result)
{
	add_rows(out_of(r), worker_families, result, "worker", "worker");
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

void
metrics(struct request *r)
{
	struct gathering *g;

	if (!sees_all(r)) {
		problem(r, 403, "this is about the whole host, and you have some tenants only");
		return;
	}
	g = calloc(1, sizeof(*g));
	if (g == NULL || (g->out = evbuffer_new()) == NULL) {
		free(g);
		problem(r, 500, "no memory");
		return;
	}
	table_begin(&g->ports, port_families, "port");
	table_begin(&g->plans, plan_families, "port");
	r->gathering = g;
	r->free_gathering = free_gathering;
	backend_call(r, "status", json_object(), on_status);
}
