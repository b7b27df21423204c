// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "shares.h"

#include <errno.h>

// A host reports that it wants less by one part in LESS_PART after LESS_MS. If its share is larger than it asked for by
// one part in LAZY_PART, no other host waits for that part, and it reports after LAZY_MS.
#define LESS_PART 32
#define LESS_MS	  20
#define LAZY_MS	  5000
#define LAZY_PART 8
// A host whose share is smaller than it wants reports that it wants more by one part in MORE_PART.
#define MORE_PART  32
#define MAX_NUMBER (INT64_C(1) << 53) // of a record

int
weft_shares_init(struct weft_shares *s, const json_t *kept)
{
	const char *tenant;
	json_t *value;

	*s = (struct weft_shares){ .held = json_object(), .told = json_object() };
	json_object_foreach ((json_t *)(uintptr_t)kept, tenant, value)
		json_object_set_new(
			s->held, tenant, json_pack("[I, I]", json_integer_value(value), json_integer_value(value)));
	return s->held && s->told ? 0 : -ENOMEM;
}

void
weft_shares_fini(struct weft_shares *s)
{
	json_decref(s->held);
	json_decref(s->told);
}

void
weft_shares_session(struct weft_shares *s, int64_t session)
{
	s->session = session;
	s->number = 0;
	s->told_at = 0;
}

bool
weft_shares_is_new(struct weft_shares *s, const json_t *record)
{
	json_int_t number = json_integer_value(json_object_get(record, "number"));

	s->counted = json_integer_value(json_object_get(record, "session")) != s->session &&
		     json_object_size(json_object_get(record, "tenants"));
	return s->session && !s->counted && number > s->number && (number <= MAX_NUMBER || number == s->number + 1);
}

static int32_t
part(const json_t *row, size_t i)
{
	json_int_t value = json_integer_value(json_array_get(row, i));

	return value < 0 ? 0 : value > WEFT_WHOLE ? WEFT_WHOLE : (int32_t)value;
}

void
weft_shares_adopt(struct weft_shares *s, const json_t *record)
{
	const char *tenant;
	json_t *row;

	json_object_clear(s->held);
	json_object_foreach (json_object_get(record, "tenants"), tenant, row)
		json_object_set_new(s->held, tenant, json_pack("[i, i]", part(row, 0), part(row, 1)));
	s->number = json_integer_value(json_object_get(record, "number"));
}

int32_t
weft_shares_of(const struct weft_shares *s, const char *tenant, int32_t *kept)
{
	const json_t *row = json_object_get(s->held, tenant);

	*kept = part(row, 1);
	return s->number ? part(row, 0) : *kept;
}

json_t *
weft_shares_kept(const json_t *record)
{
	json_t *kept = json_object(), *row;
	const char *tenant;

	json_object_foreach (json_object_get(record, "tenants"), tenant, row)
		json_object_set(kept, tenant, json_array_get(row, 1));
	return kept;
}

bool
weft_shares_lower(const struct weft_shares *s, const json_t *record)
{
	const json_t *tenants = json_object_get(record, "tenants");
	const char *tenant;
	json_t *row;

	json_object_foreach (s->held, tenant, row)
		if (part(json_object_get(tenants, tenant), 1) < part(row, 1))
			return true;
	return false;
}

// Whether the host has wanted less than TOLD, what it reported, for long enough.
static bool
is_less(struct weft_shares *s, json_int_t want, json_int_t told, int32_t share, uint64_t since, uint64_t now)
{
	if (want >= told - told / LESS_PART)
		return false;
	s->less_since = since;
	return now >= since + (share > told + told / LAZY_PART ? LAZY_MS : LESS_MS);
}

bool
weft_shares_are_news(struct weft_shares *s, const json_t *wants, uint64_t now)
{
	uint64_t less_since = s->less_since;
	const char *tenant;
	json_t *value;

	if (s->session == 0)
		return false;
	if (s->told_at == 0)
		return json_object_size(wants) + json_object_size(s->held) || s->counted;
	if (s->told_number != s->number || json_object_size(wants) != json_object_size(s->told))
		return true;
	s->less_since = 0;
	json_object_foreach ((json_t *)(uintptr_t)wants, tenant, value) {
		json_int_t want = json_integer_value(value),
			   told = json_integer_value(json_object_get(s->told, tenant));
		int32_t kept, share = weft_shares_of(s, tenant, &kept);

		if (json_object_get(s->told, tenant) == NULL || (want > share && want > told + told / MORE_PART) ||
			is_less(s, want, told, share, less_since ? less_since : now, now))
			return true;
	}
	return false;
}

json_t *
weft_shares_report(struct weft_shares *s, const json_t *wants, uint64_t now)
{
	json_t *tenants = json_object(), *value;
	const char *tenant;
	int32_t kept, share;

	json_object_clear(s->told);
	json_object_update(s->told, (json_t *)(uintptr_t)wants);
	json_object_foreach (s->held, tenant, value) {
		share = weft_shares_of(s, tenant, &kept);
		json_object_set_new(tenants, tenant, json_pack("[i, i, i]", -1, share, kept));
	}
	json_object_foreach ((json_t *)(uintptr_t)wants, tenant, value) {
		share = weft_shares_of(s, tenant, &kept);
		json_object_set_new(tenants, tenant, json_pack("[O, i, i]", value, share, kept));
	}
	s->told_number = s->number;
	s->told_at = now;
	s->less_since = 0;
	return json_pack("{s:I, s:I, s:o}", "session", (json_int_t)s->session, "number", (json_int_t)s->number,
		"tenants", tenants);
}
