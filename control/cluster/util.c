// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <nettle/base16.h>

#include "impl.h"

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

int
cluster_unavailable(const struct weft_cluster *c, struct weft_error *err)
{
	if (c->refused > c->generation)
		return weft_fail(err, EHOSTUNREACH,
			"this host cannot apply generation %llu, and accepts no changes until it can; use another "
			"host: %.300s",
			(unsigned long long)c->refused, c->reason.text);
	return weft_fail(err, EHOSTUNREACH, "the cluster's store cannot be reached, and nothing was changed: %.400s",
		c->trouble.text[0] ? c->trouble.text : "no answer yet");
}
