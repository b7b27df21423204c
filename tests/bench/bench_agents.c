// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The control side of many hosts in one process: the models, the compiler and the cluster's protocol are the real ones;
// only the data plane is missing. Each line of the standard input is a bundle, which the first host applies, waiting for
// all hosts. The answer is a line of JSON.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/buffer.h>

#include "weft/clock.h"
#include "weft/engine.h"

#include "control/change/bundle.h"
#include "control/cluster/cluster.h"
#include "control/cluster/questions.h"
#include "control/compile/compile.h"
#include "control/host/local.h"
#include "tests/harness/eal.h"

#define START_EVERY_US 20000

struct agent {
	struct weft_local local;
	struct weft_cluster *cluster;
};

static struct event_base *base;
static struct agent *agents;
static unsigned int n_agents, first;
static struct weft_etcd_config config = { .n_endpoints = 1, .prefix = "/weft/v1", .lease_s = 30, .prepare_s = 60 };

// In place of the data plane: every device opens, and a published snapshot is in use at once.
int
weft_engine_open_port(uint16_t slot, const struct weft_attach *attach, struct weft_error *err)
{
	(void)slot, (void)attach, (void)err;
	return 0;
}

void
weft_engine_close_port(uint16_t slot, void (*done)(void *arg, uint16_t slot), void *arg)
{
	done(arg, slot);
}

bool
weft_engine_port_multiqueue(uint16_t slot)
{
	(void)slot;
	return false;
}

void
weft_engine_rule_clear(uint32_t counter)
{
	(void)counter;
}

uint16_t
weft_engine_n_workers(void)
{
	return 1;
}

void
weft_engine_publish(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap))
{
	// The compiler still needs the snapshot in force: the one before it is freed when the next one comes, as with
	// real workers.
	(void)snap, (void)retire;
}

void
weft_engine_show_next(const struct weft_snapshot *snap)
{
	(void)snap;
}

void
weft_engine_withdraw_next(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap))
{
	retire(snap);
}

void
weft_engine_port_status(uint16_t slot, struct weft_io_status *status)
{
	(void)slot;
	memset(status, 0, sizeof(*status));
}

const struct weft_snapshot *
weft_engine_snapshot(void)
{
	return NULL;
}

void
weft_engine_set_neighbour(uint16_t slot, uint32_t hop, uint64_t mac)
{
	(void)slot, (void)hop, (void)mac;
}

int
weft_engine_port_set_mtu(uint16_t slot, uint16_t mtu)
{
	(void)slot, (void)mtu;
	return 0;
}

int
weft_engine_port_set_filter(uint16_t slot, const struct weft_uplink_filter *wire)
{
	(void)slot, (void)wire;
	return 0;
}

bool
weft_engine_port_filter_counts(uint16_t slot, struct weft_uplink_filter_count counts[WEFT_UPLINK_FILTER_N_COUNTS])
{
	(void)slot, (void)counts;
	return false;
}

int
weft_engine_set_bucket(uint16_t bucket, const struct weft_bucket_rate *rate)
{
	(void)bucket, (void)rate;
	return 0;
}

void
weft_engine_bucket_counts(uint16_t bucket, struct weft_bucket_counts *counts)
{
	(void)bucket;
	*counts = (struct weft_bucket_counts){ 0 };
}

bool
weft_engine_settled(uint64_t version)
{
	(void)version;
	return true;
}

unsigned int
weft_engine_poll(void)
{
	return 0;
}

void
weft_engine_port_stats(uint16_t slot, struct weft_port_stats *sum)
{
	(void)slot;
	memset(sum, 0, sizeof(*sum));
}

static const struct weft_model *
model(void *host)
{
	return ((struct agent *)host)->local.model;
}

static int
prepare(void *host, const json_t *changes, uint64_t generation, bool tolerant, struct weft_error *err)
{
	(void)tolerant;
	return weft_local_prepare(&((struct agent *)host)->local, changes, generation, WEFT_PREPARE, err);
}

static void
activate(void *host)
{
	struct agent *agent = host;
	struct weft_snapshot *before = agent->local.snap;

	weft_local_activate(&agent->local);
	weft_snapshot_free(before);
}

static void
give_up(void *host)
{
	weft_local_abort(&((struct agent *)host)->local);
}

static bool
settled(void *host)
{
	(void)host;
	return true;
}

static int
persist(void *host, uint64_t generation, struct weft_error *err)
{
	(void)host, (void)generation, (void)err;
	return 0;
}

static void
fence_at(void *host, uint64_t ms)
{
	(void)host, (void)ms;
}

static const struct weft_cluster_ops ops = { .model = model,
	.prepare = prepare,
	.activate = activate,
	.abort = give_up,
	.settled = settled,
	.persist = persist,
	.fence_at = fence_at };

static void
answer(json_t *result)
{
	char *text = json_dumps(result, JSON_COMPACT);

	puts(text);
	fflush(stdout);
	free(text);
	json_decref(result);
}

static void
on_done(struct weft_write *write, json_t *result, bool late, const struct weft_error *err)
{
	uint64_t us = weft_clock_us() - (uint64_t)(uintptr_t)write->arg;

	if (result)
		answer(json_pack("{s:f, s:b, s:O, s:i}", "ms", us / 1000.0, "late", late, "generation",
			json_object_get(result, "generation"), "hosts",
			(int)json_array_size(json_object_get(result, "hosts"))));
	else
		answer(json_pack("{s:s}", "error", err->text));
	json_decref(result);
	weft_write_free(write);
}

static void
apply(const char *line)
{
	struct weft_error err = { "no memory" };
	json_t *bundle = json_loads(line, 0, NULL);
	struct weft_write *write = calloc(1, sizeof(*write));

	write->changes = weft_bundle_changes(bundle, &err);
	json_decref(bundle);
	if (write->changes == NULL) {
		answer(json_pack("{s:s}", "error", err.text));
		free(write);
		return;
	}
	write->wait = true;
	write->timeout_ms = 120000;
	write->done = on_done;
	write->arg = (void *)(uintptr_t)weft_clock_us();
	weft_cluster_submit(agents[0].cluster, write);
}

// Prints how many hosts of this process have GENERATION in force.
static void
count(uint64_t generation)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_agents && agents[i].cluster; i++) {
		json_t *status = json_object();

		weft_cluster_status(agents[i].cluster, status);
		n += json_is_true(json_object_get(status, "cluster_synced")) &&
		     weft_cluster_generation(agents[i].cluster) >= generation;
		json_decref(status);
	}
	answer(json_pack("{s:i}", "in_force", n));
}

static void
on_input(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	char *line;

	(void)arg;
	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF)) != NULL) {
		if (line[0] == '?')
			count(strtoull(line + 1, NULL, 10));
		else
			apply(line);
		free(line);
	}
}

static void
on_end(struct bufferevent *bev, short what, void *arg)
{
	(void)bev, (void)what, (void)arg;
	event_base_loopbreak(base);
}

static int
start(struct agent *agent, unsigned int number, struct weft_error *err)
{
	snprintf(agent->local.host, sizeof(agent->local.host), "h%u", number);
	agent->local.tsc_hz = 1000000000;
	agent->local.budget = SIZE_MAX;
	if (weft_local_init(&agent->local, "/run/weft/vhost"))
		return weft_fail(err, ENOMEM, "no memory");
	agent->cluster = weft_cluster_new(base, &config, agent->local.host, "", 0, &ops, agent, err);
	return agent->cluster ? 0 : -ENOMEM;
}

static void
start_next(evutil_socket_t fd, short what, void *arg)
{
	static unsigned int next;
	struct weft_error err;

	(void)fd, (void)what, (void)arg;
	if (next < n_agents && start(&agents[next], first + next, &err)) {
		fprintf(stderr, "bench_agents: %s\n", err.text);
		exit(1);
	}
	next++;
}

int
main(int argc, char **argv)
{
	const struct timeval every = { .tv_usec = START_EVERY_US };
	struct bufferevent *input;

	if (argc != 4 || EAL_START("--no-huge", "-m1024", "--log-level=*:error") < 0) {
		fprintf(stderr, "usage: bench_agents ENDPOINT FIRST COUNT\n");
		return 1;
	}
	snprintf(config.endpoint[0], sizeof(config.endpoint[0]), "%s", argv[1]);
	first = strtoul(argv[2], NULL, 10);
	n_agents = strtoul(argv[3], NULL, 10);
	agents = calloc(n_agents, sizeof(*agents));
	base = event_base_new();
	input = bufferevent_socket_new(base, 0, 0);
	bufferevent_setcb(input, on_input, NULL, on_end, NULL);
	bufferevent_enable(input, EV_READ);
	// The hosts start one after another.
	start_next(-1, 0, NULL);
	event_add(event_new(base, -1, EV_PERSIST, start_next, NULL), &every);
	event_base_dispatch(base);
	return 0;
}
