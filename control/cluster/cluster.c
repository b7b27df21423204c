// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The host's lease, and what happens at every tick. A host that loses its lease is fenced until it is in step again.
#include "cluster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "weft/clock.h"

#include "control/cluster/etcd/messages.h"
#include "control/cluster/etcd/watch.h"
#include "acks.h"
#include "barrier.h"
#include "claims.h"
#include "driver.h"
#include "host_state.h"
#include "impl.h"
#include "member.h"
#include "sync.h"
#include "util.h"

#define LEASE_MARGIN_MS 300 // a host considers its lease lost this long before the store does
#define TICK_MS		200

static void
on_lease(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct weft_cluster *c = arg;
	const json_t *result = c->granting ? reply : json_object_get(reply, "result");

	(void)code;
	c->keeping = false;
	if (reply == NULL) {
		c->trouble = *err;
		return;
	}
	// A lease that has expired has no TTL.
	if (weft_etcd_int(result, "TTL") <= 0) {
		c->lease = 0;
		claims_session(c);
		c->synced = false;
		c->retry_at = 0;
		return;
	}
	c->trouble.text[0] = 0;
	c->lease_until = c->keepalive_at + c->config->lease_s * UINT64_C(1000) - LEASE_MARGIN_MS;
	c->lease = weft_etcd_int(result, "ID");
	claims_session(c);
	if (c->granting && c->synced)
		host_state_put(c);
	if (c->fenced)
		member_unfence(c);
	else
		c->ops->fence_at(c->host, c->lease_until);
}

// Asks for a lease, or extends it. The lease counts from the time of the request.
static void
keep_lease(struct weft_cluster *c, uint64_t now)
{
	c->keeping = true;
	c->keepalive_at = now;
	c->granting = c->lease == 0;
	if (c->lease)
		weft_etcd_call(c->etcd, "lease/keepalive",
			json_pack("{s:o}", "ID", json_sprintf("%lld", (long long)c->lease)), on_lease, c);
	else
		weft_etcd_call(c->etcd, "lease/grant",
			json_pack("{s:o}", "TTL", json_sprintf("%u", c->config->lease_s)), on_lease, c);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct weft_cluster *c = arg;
	uint64_t now = weft_clock_ms();

	(void)fd, (void)what;
	cluster_after(c->tick, TICK_MS);
	if (!c->fenced && now >= c->lease_until) {
		c->fenced = true;
		WEFT_LOG(WARNING, "event=cluster-lost host=%s generation=%llu error=\"%s\"", c->name,
			(unsigned long long)c->generation, c->trouble.text);
	}
	if (!c->keeping && (c->lease == 0 || now >= c->keepalive_at + c->config->lease_s * UINT64_C(1000) / 3) &&
		now >= c->keepalive_at + TICK_MS)
		keep_lease(c, now);
	if (c->lease && !c->synced && !c->busy && !c->settling && now >= c->retry_at) {
		sync_start(c);
	}
	if (c->stuck && c->synced && !c->busy && !c->settling && c->pub.state == PUB_IDLE && now >= c->retry_at)
		sync_start(c);
	if (c->lazy_at && now >= c->lazy_at)
		host_state_put(c);
	driver_kick(c->driver);
}

static void
on_state(void *arg, const char *name, const json_t *state)
{
	barrier_ack(arg, name, state);
}

static void
on_states(void *arg)
{
	driver_kick(arg);
}

struct weft_cluster *
weft_cluster_new(struct event_base *base, const struct weft_etcd_config *config, const char *name,
	const char *cluster_id, uint64_t generation, const struct weft_cluster_ops *ops, void *host,
	struct weft_error *err)
{
	struct weft_cluster *c = calloc(1, sizeof(*c));
	char incarnation[ID_SIZE];

	if (c == NULL) {
		weft_fail(err, ENOMEM, "no memory for the cluster's protocol");
		return NULL;
	}
	cluster_make_id(incarnation);
	c->base = base;
	c->config = config;
	c->ops = ops;
	c->host = host;
	c->generation = generation;
	c->retry_ms = CLUSTER_FIRST_RETRY_MS;
	snprintf(c->name, sizeof(c->name), "%s", name);
	snprintf(c->me, sizeof(c->me), "%s/%.16s", name, incarnation);
	c->fenced = true;
	c->etcd = weft_etcd_new(base, config, cluster_id, err);
	c->tick = evtimer_new(base, on_tick, c);
	c->settle = evtimer_new(base, member_on_settle, c);
	c->acks = acks_new(c);
	c->driver = driver_new(c);
	c->claims = ops->wants ? claims_new(c) : NULL;
	if (!c->etcd || !c->tick || !c->settle || !c->acks || !c->driver || (ops->wants && !c->claims)) {
		weft_fail(err, ENOMEM, "no memory for the cluster's protocol");
		weft_cluster_free(c);
		return NULL;
	}
	acks_listen(c->acks, &(struct acks_listener){ .state = on_state, .changed = on_states, .arg = c->driver });
	cluster_after(c->tick, 0);
	return c;
}

void
weft_cluster_free(struct weft_cluster *c)
{
	if (c == NULL)
		return;
	weft_watch_free(c->watch);
	claims_free(c->claims);
	acks_free(c->acks);
	driver_free(c->driver);
	weft_etcd_free(c->etcd);
	if (c->tick)
		event_free(c->tick);
	if (c->settle)
		event_free(c->settle);
	weft_model_free(c->view);
	json_decref(c->view_next);
	json_decref(c->pub.json);
	json_decref(c->last.json);
	free(c);
}

uint64_t
weft_cluster_generation(const struct weft_cluster *c)
{
	return c->generation;
}

const char *
weft_cluster_id(const struct weft_cluster *c)
{
	return weft_etcd_cluster_id(c->etcd);
}

void
weft_cluster_break_barrier(struct weft_cluster *c)
{
	c->broken_barrier = true;
}

void
weft_cluster_status(const struct weft_cluster *c, json_t *status)
{
	json_object_set_new(status, "cluster", json_string(weft_etcd_cluster_id(c->etcd)));
	json_object_set_new(status, "cluster_synced", json_boolean(c->synced));
	json_object_set_new(status, "cluster_generation", json_integer(c->last.generation));
	json_object_set_new(status, "cluster_state", json_string(publication_state_name(c->last.state)));
	if (c->bad.text[0] || c->trouble.text[0])
		json_object_set_new(
			status, "cluster_trouble", json_string(c->bad.text[0] ? c->bad.text : c->trouble.text));
	if (c->refused)
		json_object_set_new(status, "refused", json_string(c->reason.text));
	if (c->claims)
		claims_status(c->claims, status);
}
