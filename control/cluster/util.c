// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <nettle/base16.h>

#include "weft/clock.h"

#include "impl.h"

#define LAST_RETRY_MS 2000

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
cluster_retry_later(struct weft_cluster *c)
{
	c->synced = false;
	c->retry_at = weft_clock_ms() + c->retry_ms + cluster_random(c->retry_ms);
	c->retry_ms = c->retry_ms * 2 < LAST_RETRY_MS ? c->retry_ms * 2 : LAST_RETRY_MS;
}

void
cluster_bad(struct weft_cluster *c, const char *key, const char *what, const char *command)
{
	struct weft_error bad;

	weft_fail(&bad, EBADMSG, "the record %.150s in the cluster's store is wrong: %.120s; type: etcdctl %.200s", key,
		what, command);
	// A key may contain anything.
	for (char *p = bad.text; *p; p++)
		*p = *p >= ' ' && *p <= '~' ? *p : '?';
	if (strcmp(bad.text, c->bad.text))
		WEFT_LOG(ERR, "event=store-garbage error=\"%s\"", bad.text);
	c->bad = bad;
}

void
cluster_good(struct weft_cluster *c)
{
	if (c->bad.text[0])
		WEFT_LOG(NOTICE, "event=store-repaired");
	c->bad.text[0] = 0;
}

void
cluster_bad_publication(struct weft_cluster *c, const char *what)
{
	char key[KEY_MAX], command[KEY_MAX + 80];

	cluster_key(c, key, "publish");
	snprintf(command, sizeof(command), "put %s '{\"generation\": %llu, \"state\": \"idle\"}'", key,
		(unsigned long long)c->generation);
	cluster_bad(c, key, what, command);
}

int
cluster_unavailable(const struct weft_cluster *c, struct weft_error *err)
{
	if (c->refused > c->generation)
		return weft_fail(err, EHOSTUNREACH,
			"this host cannot apply generation %llu, and accepts no changes until it can; use another "
			"host: %.300s",
			(unsigned long long)c->refused, c->reason.text);
	if (c->bad.text[0])
		return weft_fail(err, EHOSTUNREACH, "nothing was changed: %.480s", c->bad.text);
	return weft_fail(err, EHOSTUNREACH, "the cluster's store cannot be reached, and nothing was changed: %.400s",
		c->trouble.text[0] ? c->trouble.text : "no answer yet");
}
