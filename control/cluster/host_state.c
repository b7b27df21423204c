// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "host_state.h"

#include <errno.h>

#include "weft/clock.h"

#include "claims.h"
#include "control/cluster/etcd/messages.h"
#include "util.h"

static void
put_done(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct weft_cluster *c = arg;

	c->telling = false;
	if (reply && !c->tell_again)
		return;
	if (reply) {
		host_state_put(c);
		return;
	}
	c->trouble = *err;
	// The lease has expired, or the state may not have arrived: ask for another lease, and write the state again.
	if (code == -EPROTO) {
		c->lease = 0;
		claims_session(c);
	}
	c->lazy_at = weft_clock_ms() + CLUSTER_FIRST_RETRY_MS;
}

void
host_state_put(struct weft_cluster *c)
{
	json_t *state;
	char key[KEY_MAX];

	c->lazy_at = 0;
	if (c->lease == 0)
		return;
	// Two writes at the same time may arrive in any order.
	c->tell_again = c->telling;
	if (c->telling)
		return;
	c->telling = true;
	state = json_pack("{s:s, s:s, s:I, s:I, s:s}", "host", c->name, "incarnation", c->me, "applied",
		(json_int_t)c->generation, "prepared", (json_int_t)c->prepared, "id",
		c->prepared ? c->prepared_id : "");
	if (c->stuck)
		json_object_set_new(state, "stuck", json_true());
	if (c->refused) {
		json_object_set_new(state, "refused", json_integer(c->refused));
		json_object_set_new(state, "refused_id", json_string(c->refused_id));
		json_object_set_new(state, "reason", json_string(c->reason.text));
	}
	cluster_key(c, key, "state/%s", c->name);
	weft_etcd_call(c->etcd, "kv/put", weft_etcd_put_json(key, state, c->lease), put_done, c);
	json_decref(state);
}
