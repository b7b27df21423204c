// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "allot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/base/hash.h"

#define WHOLE WEFT_WHOLE
// Each host has one part in READY of an equal part ready, so that it can begin at once even if it wants nothing so far.
#define READY 64
// A change is worth a new record if it is larger than one part in SMALL of the share plus one in SMALL_WHOLE of the whole.
#define SMALL	    64
#define SMALL_WHOLE 4096
#define MAX_NUMBER  (INT64_C(1) << 53) // of a record

// A host's part of a tenant's rate.
struct seat {
	struct seat *next_of_host, *next_of_tenant;
	struct host *host;
	struct tenant *tenant;
	bool wanted; // the host has ports of the tenant
	int32_t want;
	int32_t share, kept;	     // in the record
	int32_t was_share, was_kept; // of the records before; may be in use until the host has confirmed the record
	int32_t said;		     // WAS_KEPT in the record
	int32_t target;		     // the share that the host should have
};

struct host {
	UT_hash_handle hh;
	char name[WEFT_NAME_SIZE];
	struct seat *seats;
	bool live, told;	       // has a lease; has reported
	bool confirmed;		       // the host uses the record
	bool untidy;		       // the record is to be written anew
	json_int_t session, number;    // in its report
	json_int_t of_session, record; // session and number of its record
	struct host *next_due;	       // of those to be looked at
	bool due;
};

struct tenant {
	UT_hash_handle hh;
	char name[WEFT_NAME_SIZE];
	struct seat *seats;
	int32_t unused, equal;	   // the part that no host uses, and an equal part for each host
	struct tenant *next_dirty; // of those to be shared out anew
	bool dirty;
};

struct weft_allot {
	struct host *hosts; // maps, by name
	struct tenant *tenants;
	struct tenant *dirty;
	struct host *due;
};

struct weft_allot *
weft_allot_new(void)
{
	return calloc(1, sizeof(struct weft_allot));
}

void
weft_allot_free(struct weft_allot *a)
{
	struct host *h, *next_host;
	struct tenant *t, *next_tenant;

	if (a == NULL)
		return;
	HASH_ITER (hh, a->hosts, h, next_host) {
		for (struct seat *s = h->seats, *next; s; s = next) {
			next = s->next_of_host;
			free(s);
		}
		HASH_DEL(a->hosts, h);
		free(h);
	}
	HASH_ITER (hh, a->tenants, t, next_tenant) {
		HASH_DEL(a->tenants, t);
		free(t);
	}
	free(a);
}

// Returns the host NAME, made where there was none; NULL without memory, or where NAME is too long.
static struct host *
host_of(struct weft_allot *a, const char *name)
{
	struct host *h;

	HASH_FIND_STR(a->hosts, name, h);
	if (h || strlen(name) >= sizeof(h->name))
		return h;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return NULL;
	snprintf(h->name, sizeof(h->name), "%s", name);
	HASH_ADD_STR(a->hosts, name, h);
	if (h->hh.tbl)
		return h;
	free(h);
	return NULL;
}

// Likewise for tenants.
static struct tenant *
tenant_of(struct weft_allot *a, const char *name)
{
	struct tenant *t;

	HASH_FIND_STR(a->tenants, name, t);
	if (t || strlen(name) >= sizeof(t->name))
		return t;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	snprintf(t->name, sizeof(t->name), "%s", name);
	HASH_ADD_STR(a->tenants, name, t);
	if (t->hh.tbl)
		return t;
	free(t);
	return NULL;
}

static struct seat *
find_seat(const struct host *h, const char *tenant)
{
	struct seat *s = h->seats;

	while (s && strcmp(s->tenant->name, tenant))
		s = s->next_of_host;
	return s;
}

static struct seat *
seat_of(struct weft_allot *a, struct host *h, const char *tenant)
{
	struct seat *s = find_seat(h, tenant);
	struct tenant *t;

	if (s)
		return s;
	t = tenant_of(a, tenant);
	s = t ? calloc(1, sizeof(*s)) : NULL;
	if (s == NULL)
		return NULL;
	*s = (struct seat){ .next_of_host = h->seats, .next_of_tenant = t->seats, .host = h, .tenant = t };
	h->seats = s;
	t->seats = s;
	return s;
}

static void
touch(struct weft_allot *a, struct tenant *t)
{
	if (t->dirty)
		return;
	t->dirty = true;
	t->next_dirty = a->dirty;
	a->dirty = t;
}

static void
free_seat(struct weft_allot *a, struct seat *s)
{
	struct seat **p;

	for (p = &s->host->seats; *p != s; p = &(*p)->next_of_host)
		;
	*p = s->next_of_host;
	for (p = &s->tenant->seats; *p != s; p = &(*p)->next_of_tenant)
		;
	*p = s->next_of_tenant;
	touch(a, s->tenant);
	free(s);
}

static bool
in_session(const struct host *h)
{
	return h->live && h->session == h->of_session;
}

// Returns the most that the host may keep without a session.
static int32_t
keeps(const struct seat *s)
{
	return s->host->confirmed || s->kept > s->was_kept ? s->kept : s->was_kept;
}

// Returns the most that the host may use now.
static int32_t
uses(const struct seat *s)
{
	if (!in_session(s->host))
		return keeps(s);
	return s->host->confirmed || s->share > s->was_share ? s->share : s->was_share;
}

static int32_t
part(const json_t *row, size_t i)
{
	json_int_t value = json_integer_value(json_array_get(row, i));

	return value < 0 ? 0 : value > WHOLE ? WHOLE : (int32_t)value;
}

void
weft_allot_record(struct weft_allot *a, const char *name, const json_t *record)
{
	struct host *h = host_of(a, name);
	json_t *row;
	const char *tenant;

	if (h == NULL)
		return;
	h->of_session = json_integer_value(json_object_get(record, "session"));
	h->record = json_integer_value(json_object_get(record, "number"));
	json_object_foreach (json_object_get(record, "tenants"), tenant, row) {
		struct seat *s = seat_of(a, h, tenant);

		if (s == NULL)
			continue;
		s->share = part(row, 0);
		s->kept = part(row, 1);
		s->was_kept = s->said = part(row, 2);
		touch(a, s->tenant);
	}
}

// The host uses its record: what former records gave is not in use any more.
static void
confirm(struct weft_allot *a, struct host *h)
{
	struct seat *next;

	h->confirmed = true;
	for (struct seat *s = h->seats; s; s = next) {
		next = s->next_of_host;
		s->was_share = s->was_kept = 0;
		if (!s->wanted && s->share == 0 && s->kept == 0)
			free_seat(a, s);
	}
}

// The host has reported before its record has reached it: it may use more than the record gives.
static void
take_shares(struct host *h, const json_t *tenants)
{
	for (struct seat *s = h->seats; s; s = s->next_of_host) {
		const json_t *row = json_object_get(tenants, s->tenant->name);

		s->was_share = part(row, 1) > s->was_share ? part(row, 1) : s->was_share;
		s->was_kept = part(row, 2) > s->was_kept ? part(row, 2) : s->was_kept;
	}
}

// There is no record for the session of the host yet: it keeps what it reports, and nothing else.
static void
believe(struct host *h, const json_t *tenants)
{
	h->confirmed = true;
	for (struct seat *s = h->seats; s; s = s->next_of_host)
		s->kept = part(json_object_get(tenants, s->tenant->name), 2);
}

void
weft_allot_report(struct weft_allot *a, const char *name, const json_t *report)
{
	struct host *h = host_of(a, name);
	const json_t *tenants = json_object_get(report, "tenants");
	const char *tenant;
	json_t *row;

	if (h == NULL)
		return;
	for (struct seat *s = h->seats; s; s = s->next_of_host)
		touch(a, s->tenant);
	h->live = report != NULL;
	if (report == NULL)
		return;
	h->session = json_integer_value(json_object_get(report, "session"));
	h->number = json_integer_value(json_object_get(report, "number"));
	for (struct seat *s = h->seats; s; s = s->next_of_host)
		s->wanted = false;
	json_object_foreach ((json_t *)(uintptr_t)tenants, tenant, row) {
		struct seat *s = seat_of(a, h, tenant);

		if (s == NULL)
			continue;
		s->wanted = json_integer_value(json_array_get(row, 0)) >= 0;
		s->want = part(row, 0);
		touch(a, s->tenant);
	}
	// A host has no later record than its own, unless somebody else wrote one. The next one must be later still.
	if (in_session(h) && h->number > h->record && h->number <= MAX_NUMBER) {
		h->record = h->number;
		h->untidy = true;
	}
	if (!in_session(h))
		believe(h, tenants);
	else if (h->number == h->record)
		confirm(a, h);
	else if (!h->told)
		take_shares(h, tenants);
	h->told = true;
}

static int
by_want(const void *a, const void *b)
{
	const struct seat *const *s = a, *const *t = b;

	return ((*s)->want > (*t)->want) - ((*s)->want < (*t)->want);
}

// Divides WHOLE by need: no host gets more than it wants while another host wants more. What no host wants is shared out
// equally (max-min fairness: Bertsekas and Gallager, Data Networks, 6.5.2). Each host of T has a little ready.
static void
divide(const struct tenant *t, struct seat **seats, int32_t n, int32_t whole)
{
	int32_t ready = t->equal / READY < whole / n ? t->equal / READY : whole / n, left = whole - ready * n;

	qsort(seats, n, sizeof(seats[0]), by_want);
	for (int32_t i = 0; i < n; i++) {
		int32_t fair = left / (n - i), more = seats[i]->want > ready ? seats[i]->want - ready : 0;

		more = more < fair ? more : fair;
		seats[i]->target = ready + more;
		left -= more;
	}
	for (int32_t i = 0; i < n; i++)
		seats[i]->target += left / n;
}

static void
make_due(struct weft_allot *a, struct host *h)
{
	if (h->due)
		return;
	h->due = true;
	h->next_due = a->due;
	a->due = h;
}

// Computes the shares that the tenant's hosts should have, from what is known now.
static void
share_out(struct weft_allot *a, struct tenant *t)
{
	int32_t n = 0, all = 0, whole = WHOLE;
	struct seat **live;

	t->unused = WHOLE;
	for (struct seat *s = t->seats; s; s = s->next_of_tenant) {
		all++;
		t->unused -= uses(s);
		s->target = 0;
		whole -= s->host->live ? 0 : keeps(s);
		make_due(a, s->host);
	}
	live = all ? malloc(all * sizeof(live[0])) : NULL;
	if (live == NULL)
		return;
	t->equal = WHOLE / all;
	for (struct seat *s = t->seats; s; s = s->next_of_tenant)
		if (s->host->live && s->wanted)
			live[n++] = s;
	if (n && whole > 0)
		divide(t, live, n, whole);
	free(live);
}

// Returns the share that S may get now. Before all hosts have reported, more than the whole may seem to be in use.
static int32_t
grant(const struct seat *s)
{
	int32_t most = uses(s) + s->tenant->unused;

	return s->target < most ? s->target : most > 0 ? most : 0;
}

static int32_t
kept_of(const struct seat *s, int32_t share)
{
	return share < s->tenant->equal ? share : s->tenant->equal;
}

static bool
differs(int32_t a, int32_t b)
{
	return (a > b ? a - b : b - a) > b / SMALL + WHOLE / SMALL_WHOLE || (a == 0) != (b == 0);
}

// Whether the host gets a new record: it has confirmed the last one, and the new one differs enough.
static bool
is_worth(const struct host *h)
{
	if (!h->live || h->seats == NULL || (in_session(h) && !h->confirmed))
		return false;
	if (!in_session(h) || h->untidy)
		return true;
	for (const struct seat *s = h->seats; s; s = s->next_of_host) {
		int32_t share = grant(s);

		if (differs(share, s->share) || differs(kept_of(s, share), s->kept))
			return true;
	}
	return false;
}

static json_t *
record_for(struct host *h)
{
	json_t *tenants = json_object();

	for (struct seat *s = h->seats; s; s = s->next_of_host) {
		int32_t share = grant(s), now = uses(s);

		s->tenant->unused -= share > now ? share - now : 0;
		s->was_kept = s->said = keeps(s);
		s->was_share = now;
		s->share = share;
		s->kept = kept_of(s, share);
		json_object_set_new(tenants, s->tenant->name, json_pack("[i, i, i]", s->share, s->kept, s->was_kept));
	}
	h->confirmed = h->untidy = false;
	h->of_session = h->session;
	h->record++;
	return json_pack("{s:I, s:I, s:o}", "session", h->of_session, "number", h->record, "tenants", tenants);
}

json_t *
weft_allot_next(struct weft_allot *a, const char **name)
{
	while (a->dirty) {
		struct tenant *t = a->dirty;

		a->dirty = t->next_dirty;
		t->dirty = false;
		share_out(a, t);
	}
	while (a->due) {
		struct host *h = a->due;

		a->due = h->next_due;
		h->due = false;
		*name = h->name;
		if (is_worth(h))
			return record_for(h);
	}
	return NULL;
}

void
weft_allot_tidy(struct weft_allot *a)
{
	for (struct host *h = a->hosts; h; h = h->hh.next) {
		for (const struct seat *s = h->seats; s; s = s->next_of_host)
			h->untidy = h->untidy || (in_session(h) && h->confirmed && s->said > s->kept);
		if (h->untidy)
			make_due(a, h);
	}
}

void
weft_allot_absent(const struct weft_allot *a, void (*fn)(void *arg, const char *host, const char *tenant), void *arg)
{
	for (const struct host *h = a->hosts; h; h = h->hh.next)
		for (const struct seat *s = h->live ? NULL : h->seats; s; s = s->next_of_host)
			fn(arg, h->name, s->tenant->name);
}

void
weft_allot_forget(struct weft_allot *a, const char *host, const char *tenant)
{
	struct host *h;
	struct seat *s;

	HASH_FIND_STR(a->hosts, host, h);
	s = h && !h->live ? find_seat(h, tenant) : NULL;
	if (s)
		free_seat(a, s);
}
