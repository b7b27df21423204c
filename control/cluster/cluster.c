// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A host's life in the cluster: its lease, and what happens at every tick. A host that loses its lease is fenced until
// it is in step again.
#include "cluster.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/base16.h>

#include "weft/clock.h"

#include "impl.h"

#define LEASE_MARGIN_MS 300 // so much before the store does, a host takes its lease for lost
#define TICK_MS		200
static const char *const pub_states[] = { "idle", "write", "prepare", "active" };

int
cluster_unavailable(const struct weft_cluster *c, struct weft_error *err)
{
	if (c->refused > c->generation)
		return weft_fail(err, EHOSTUNREACH,
			"this host cannot apply generation %llu, and writes nothing before it is in step; use another "
			"host: "
			"%.300s",
			(unsigned long long)c->refused, c->reason.text);
	return weft_fail(err, EHOSTUNREACH, "the cluster's store cannot be reached, and nothing was changed: %.400s",
		c->trouble.text[0] ? c->trouble.text : "no answer yet");
}

uint32_t
cluster_random(uint32_t n)
{
	uint32_t random;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return random % n;
}

void
cluster_make_id(char id[ID_SIZE])
{
	uint8_t random[(ID_SIZE - 1) / 2];

	evutil_secure_rng_get_bytes(random, sizeof(random));
	base16_encode_update(id, sizeof(random), random);
	id[ID_SIZE - 1] = 0;
}

void
cluster_key(const struct weft_cluster *c, char key[KEY_MAX], const char *fmt, ...)
{
	int len = snprintf(key, KEY_MAX, "%s/", c->config->prefix);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(key + len, KEY_MAX - len, fmt, ap);
	va_end(ap);
}

void
cluster_after(struct event *event, uint32_t ms)
{
	struct timeval in = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	evtimer_add(event, &in);
}

void
publication_set(struct publication *pub, const json_t *value, int64_t revision)
{
	const char *state = json_string_value(json_object_get(value, "state"));
	const char *id = json_string_value(json_object_get(value, "id"));
	const char *driver = json_string_value(json_object_get(value, "driver"));
	json_t *json = json_incref((json_t *)(uintptr_t)value);

	json_decref(pub->json);
	*pub = (struct publication){ .json = json, .revision = revision };
	pub->generation = json_integer_value(json_object_get(json, "generation"));
	pub->parts = json_integer_value(json_object_get(json, "parts"));
	snprintf(pub->id, sizeof(pub->id), "%s", id ? id : "");
	snprintf(pub->driver, sizeof(pub->driver), "%s", driver ? driver : "");
	for (unsigned int i = 0; state && i < 4; i++)
		if (strcmp(state, pub_states[i]) == 0)
			pub->state = i;
}

void
publication_take(struct publication *pub, const json_t *kv)
{
	json_t *value = kv ? weft_etcd_json(kv) : NULL;

	publication_set(pub, value, weft_etcd_int(kv, "mod_revision"));
	json_decref(value);
}

uint64_t
publication_in_force(const struct publication *pub)
{
	return pub->state == PUB_WRITE || pub->state == PUB_PREPARE ? pub->generation - 1 : pub->generation;
}

void
cluster_seen(struct weft_cluster *c, const json_t *kv)
{
	if (weft_etcd_int(kv, "mod_revision") <= c->last.revision)
		return;
	publication_take(&c->last, kv);
	view_follow(c);
}

void
cluster_unfence(struct weft_cluster *c)
{
	if (!c->fenced || c->lease == 0 || !c->synced || c->settling || c->generation < publication_in_force(&c->pub))
		return;
	c->fenced = false;
	c->ops->fence_at(c->host, c->lease_until);
	WEFT_LOG(NOTICE, "event=cluster-back host=%s generation=%llu", c->name, (unsigned long long)c->generation);
}

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
	// A lease that is gone has no TTL any more.
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
		member_put_state(c);
	if (c->fenced)
		cluster_unfence(c);
	else
		c->ops->fence_at(c->host, c->lease_until);
}

// Asks for a lease, or for more of it. What counts is when we asked.
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
		member_sync(c);
	}
	if (c->stuck && c->synced && !c->busy && !c->settling && c->pub.state == PUB_IDLE && now >= c->retry_at)
		member_sync(c);
	if (c->lazy_at && now >= c->lazy_at)
		member_put_state(c);
	driver_kick(c->driver);
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
	json_object_set_new(status, "cluster_state", json_string(pub_states[c->last.state]));
	if (c->trouble.text[0])
		json_object_set_new(status, "cluster_trouble", json_string(c->trouble.text));
	if (c->refused)
		json_object_set_new(status, "refused", json_string(c->reason.text));
	if (c->claims)
		claims_status(c->claims, status);
}
