// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Shares of tenants' rates: random histories of hosts, some of which allot, over a store that keeps one order of events.
// At every step requests may be late or lost, hosts may be cut off, die or come back, and another host may begin to
// allot. After each step all hosts together may use at most the whole. When nothing fails any more, they do use it.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "control/cluster/allot/shares.h"

#define HOSTS	4
#define TENANTS 2
#define STEPS	4000
#define RUNS	500

static const char *const tenant_names[TENANTS] = { "blue", "red" };

// A host, with its allotter if it is the one that allots.
struct node {
	char name[8];
	bool up, fenced; // runs; knows that it has lost the store
	bool connected;	 // its requests reach the store
	int64_t lease;	 // 0: none
	struct weft_shares shares;
	json_t *wants, *kept; // wanted now; stored in its file
	json_t *asked;	      // a report that has not reached the store yet, or NULL
	int64_t asked_lease;
	struct weft_allot *allot; // NULL: it does not allot
	int64_t term;		  // in which it allots
	unsigned int heard;	  // number of events that it has seen
	json_t *writes;		  // a record that has not reached the store yet, or NULL
	struct node *written_to;
};

static struct {
	struct node node[HOSTS];
	json_t *report[HOSTS], *record[HOSTS]; // in the store
	int64_t report_lease[HOSTS];
	int64_t lead; // the term of the host that allots; 0: none does
	struct node *leader;
	int64_t last_lease, last_term;
	struct {
		unsigned int host;
		json_t *report; // NULL: the lease has ended
	} event[STEPS * 4];
	unsigned int n_events;
	unsigned int adopted, elections, expired;
} w;

static uint64_t seed;

static unsigned int
pick(unsigned int n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(seed >> 33) % n;
}

static void
set_report(unsigned int i, json_t *report, int64_t lease)
{
	json_decref(w.report[i]);
	w.report[i] = report;
	w.report_lease[i] = lease;
	w.event[w.n_events].host = i;
	w.event[w.n_events++].report = json_incref(report);
}

static void
step_down(struct node *n)
{
	weft_allot_free(n->allot);
	n->allot = NULL;
	json_decref(n->writes);
	n->writes = NULL;
}

// The store considers the lease lost. The host has done so before.
static void
expire(unsigned int i, int64_t lease)
{
	if (w.report_lease[i] == lease && w.report[i])
		set_report(i, NULL, 0);
	if (w.leader == &w.node[i] && w.lead) {
		w.lead = 0;
		w.leader = NULL;
	}
	w.expired++;
}

static void
run(struct node *n, bool first)
{
	n->up = n->connected = true;
	n->fenced = true;
	n->lease = 0;
	if (!first)
		weft_shares_fini(&n->shares);
	assert_int_equal(weft_shares_init(&n->shares, n->kept), 0);
}

static void
die(unsigned int i)
{
	struct node *n = &w.node[i];

	n->up = false;
	step_down(n);
	json_decref(n->asked);
	n->asked = NULL;
}

static void
want(struct node *n)
{
	for (unsigned int t = 0; t < TENANTS; t++) {
		if (pick(8) == 0)
			json_object_del(n->wants, tenant_names[t]);
		else if (pick(3) == 0)
			json_object_set_new(
				n->wants, tenant_names[t], json_integer(pick(3) ? pick(WEFT_WHOLE / 2) : WEFT_WHOLE));
	}
}

static void
begin_session(struct node *n)
{
	if (!n->connected)
		return;
	if (n->lease == 0) {
		n->lease = ++w.last_lease;
		weft_shares_session(&n->shares, n->lease);
	}
	n->fenced = false;
}

static void
tell(struct node *n, uint64_t now)
{
	if (n->lease == 0 || n->asked || !weft_shares_are_news(&n->shares, n->wants, now))
		return;
	n->asked = weft_shares_report(&n->shares, n->wants, now);
	n->asked_lease = n->lease;
}

// A report arrives if its lease is still valid; or it is lost, and the host reports again.
static void
report_arrives(unsigned int i)
{
	struct node *n = &w.node[i];

	if (n->asked == NULL || !n->up)
		return;
	if (n->connected && n->asked_lease == n->lease && pick(10))
		set_report(i, n->asked, n->lease);
	else
		json_decref(n->asked);
	if (w.report[i] != n->asked)
		n->shares.told_at = 0;
	n->asked = NULL;
}

static void
hear_record(unsigned int i)
{
	struct node *n = &w.node[i];

	if (!n->connected || !weft_shares_is_new(&n->shares, w.record[i]))
		return;
	weft_shares_adopt(&n->shares, w.record[i]);
	json_decref(n->kept);
	n->kept = weft_shares_kept(w.record[i]);
	w.adopted++;
}

// A host that allots, and does not know whether its last record was written, is elected anew.
static void
elect(struct node *n)
{
	if ((w.lead && w.leader != n) || !n->connected || n->lease == 0 || n->fenced || n->allot)
		return;
	w.lead = n->term = ++w.last_term;
	w.leader = n;
	n->allot = weft_allot_new();
	for (unsigned int i = 0; i < HOSTS; i++)
		if (w.record[i])
			weft_allot_record(n->allot, w.node[i].name, w.record[i]);
	for (unsigned int i = 0; i < HOSTS; i++)
		if (w.report[i])
			weft_allot_report(n->allot, w.node[i].name, w.report[i]);
	n->heard = w.n_events;
	w.elections++;
}

static void
allot(struct node *n)
{
	const char *name;

	if (n->allot == NULL || !n->up)
		return;
	while (n->connected && n->heard < w.n_events && pick(3)) {
		weft_allot_report(n->allot, w.node[w.event[n->heard].host].name, w.event[n->heard].report);
		n->heard++;
	}
	if (pick(20) == 0)
		weft_allot_tidy(n->allot);
	if (n->writes == NULL && (n->writes = weft_allot_next(n->allot, &name)) != NULL)
		for (unsigned int i = 0; i < HOSTS; i++)
			if (strcmp(w.node[i].name, name) == 0)
				n->written_to = &w.node[i];
}

// A record arrives if its writer still allots. A writer that does not know whether it arrived steps down.
static void
record_arrives(struct node *n)
{
	long to = n->written_to - w.node;

	if (n->writes == NULL)
		return;
	if (w.lead == n->term && (n->connected || pick(2))) {
		json_decref(w.record[to]);
		w.record[to] = n->writes;
		n->writes = NULL;
		if (n->connected && pick(10))
			return;
	}
	step_down(n);
}

static int32_t
in_force(const struct node *n, const char *tenant)
{
	int32_t kept, share = weft_shares_of(&n->shares, tenant, &kept);

	return !n->up ? 0 : n->fenced ? kept : share;
}

static void
check(void)
{
	for (unsigned int t = 0; t < TENANTS; t++) {
		int32_t sum = 0;

		for (unsigned int i = 0; i < HOSTS; i++)
			sum += in_force(&w.node[i], tenant_names[t]);
		if (sum > WEFT_WHOLE)
			fail_msg("%d of %d are in use", sum, WEFT_WHOLE);
	}
}

static void
mishap(unsigned int i)
{
	struct node *n = &w.node[i];

	switch (pick(5)) {
	case 0:
		if (n->up)
			die(i);
		return;
	case 1:
		n->connected = false;
		n->fenced = true;
		return;
	case 2:
		// The store considers the lease lost later than the host.
		if ((!n->up || n->fenced) && n->lease) {
			expire(i, n->lease);
			n->lease = 0;
			if (n->up)
				weft_shares_session(&n->shares, 0);
		}
		return;
	case 3:
		if (!n->up) {
			expire(i, n->lease);
			run(n, false);
		}
		return;
	default:
		n->connected = true;
	}
}

static void
act(unsigned int i, uint64_t now)
{
	struct node *n = &w.node[i];

	if (n->up && pick(4) == 0)
		want(n);
	if (n->up && (n->fenced || n->lease == 0))
		begin_session(n);
	else if (n->up)
		tell(n, now);
	if (pick(2))
		report_arrives(i);
	if (n->up && pick(2))
		hear_record(i);
	if (n->up && pick(4) == 0)
		elect(n);
	if (pick(2))
		allot(n);
	if (pick(2))
		record_arrives(n);
}

static void
start(void)
{
	memset(&w, 0, sizeof(w));
	for (unsigned int i = 0; i < HOSTS; i++) {
		struct node *n = &w.node[i];

		snprintf(n->name, sizeof(n->name), "h%u", i);
		n->wants = json_object();
		n->kept = json_object();
		run(n, true);
	}
}

static void
stop(void)
{
	for (unsigned int i = 0; i < HOSTS; i++) {
		struct node *n = &w.node[i];

		step_down(n);
		weft_shares_fini(&n->shares);
		json_decref(n->wants);
		json_decref(n->kept);
		json_decref(n->asked);
		json_decref(w.report[i]);
		json_decref(w.record[i]);
	}
	for (unsigned int i = 0; i < w.n_events; i++)
		json_decref(w.event[i].report);
}

// Nothing fails from now on, and what the hosts want stays the same.
static void
settle(uint64_t now)
{
	for (unsigned int i = 0; i < HOSTS; i++) {
		w.node[i].connected = true;
		if (!w.node[i].up) {
			expire(i, w.node[i].lease);
			run(&w.node[i], false);
		}
	}
	for (unsigned int k = 0; k < 400; k++) {
		for (unsigned int i = 0; i < HOSTS; i++) {
			struct node *n = &w.node[i];

			begin_session(n);
			tell(n, now += 1000);
			report_arrives(i);
			hear_record(i);
			elect(n);
			allot(n);
			record_arrives(n);
			check();
		}
	}
}

// No host that wants more than it has could get it from a host that wants less, and little is left unused.
static void
check_fair(void)
{
	for (unsigned int t = 0; t < TENANTS; t++) {
		int64_t wanted = 0, sum = 0, met = 0;
		int32_t most = 0;

		for (unsigned int i = 0; i < HOSTS; i++) {
			const json_t *value = json_object_get(w.node[i].wants, tenant_names[t]);
			int64_t want = json_integer_value(value), share = in_force(&w.node[i], tenant_names[t]);

			if (value == NULL)
				assert_int_equal(share, 0);
			wanted += want;
			sum += share;
			met += share < want ? share : want;
			if (share < want && share > most)
				most = (int32_t)share;
		}
		assert_true(sum <= WEFT_WHOLE);
		if (wanted > WEFT_WHOLE)
			assert_true(met > WEFT_WHOLE * 9 / 10);
		else
			assert_true(met > wanted - WEFT_WHOLE / 10);
		for (unsigned int i = 0; i < HOSTS; i++) {
			int64_t want = json_integer_value(json_object_get(w.node[i].wants, tenant_names[t]));
			int64_t share = in_force(&w.node[i], tenant_names[t]);

			assert_true(share >= want * 9 / 10 - WEFT_WHOLE / 50 || share >= most * 9 / 10);
		}
	}
}

static void
shares_never_exceed_the_whole(void **state)
{
	unsigned int adopted = 0, elections = 0, expired = 0;

	(void)state;
	for (unsigned int r = 0; r < RUNS; r++) {
		uint64_t now = 1;

		seed = r;
		start();
		for (unsigned int k = 0; k < STEPS; k++) {
			unsigned int i = pick(HOSTS);

			now += pick(30);
			if (pick(20) == 0)
				mishap(i);
			else
				act(i, now);
			check();
		}
		settle(now);
		check_fair();
		adopted += w.adopted;
		elections += w.elections;
		expired += w.expired;
		stop();
	}
	// Each kind of event has happened.
	assert_true(adopted > RUNS * 50 && elections > RUNS * 3 && expired > RUNS * 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_never_exceed_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
