// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "shares.h"

#include <errno.h>

// Who has wanted less by this part for this time says so; where it has more than it asked for, nobody waits for it.
#define LESS_PART 32
#define LESS_MS	  20
#define LAZY_MS	  5000
#define LAZY_PART 8
// Who has not got what it wants says so when it wants more by this part.
#define MORE_PART 32

int
shares_init(struct shares *s, const json_t *kept)
{
	const char *tenant;
	json_t *value;

	*s = (struct shares){ .held = json_object(), .told = json_object() };
	json_object_foreach ((json_t *)(uintptr_t)kept, tenant, value)
		json_object_set_new(
			s->held, tenant, json_pack("[I, I]", json_integer_value(value), json_integer_value(value)));
	return s->held && s->told ? 0 : -ENOMEM;
}

void
shares_fini(struct shares *s)
{
	json_decref(s->held);
	json_decref(s->told);
}

void
shares_session(struct shares *s, int64_t session)
{
	s->session = session;
	s->number = 0;
	s->told_at = 0;
}

bool
shares_is_new(struct shares *s, const json_t *record)
{
	s->counted = json_integer_value(json_object_get(record, "session")) != s->session &&
		     json_object_size(json_object_get(record, "tenants"));
	return s->session && !s->counted && json_integer_value(json_object_get(record, "number")) > s->number;
}

static int32_t
part(const json_t *row, size_t i)
{
	json_int_t value = json_integer_value(json_array_get(row, i));

	return value < 0 ? 0 : value > WEFT_WHOLE ? WEFT_WHOLE : (int32_t)value;
}

void
shares_adopt(struct shares *s, const json_t *record)
{
	const char *tenant;
	json_t *row;

	json_object_clear(s->held);
	json_object_foreach (json_object_get(record, "tenants"), tenant, row)
		json_object_set_new(s->held, tenant, json_pack("[i, i]", part(row, 0), part(row, 1)));
	s->number = json_integer_value(json_object_get(record, "number"));
}

int32_t
shares_of(const struct shares *s, const char *tenant, int32_t *kept)
{
	const json_t *row = json_object_get(s->held, tenant);

	*kept = part(row, 1);
	return s->number ? part(row, 0) : *kept;
}

json_t *
shares_kept(const json_t *record)
{
	json_t *kept = json_object(), *row;
	const char *tenant;

	json_object_foreach (json_object_get(record, "tenants"), tenant, row)
		json_object_set(kept, tenant, json_array_get(row, 1));
	return kept;
}

bool
shares_lower(const struct shares *s, const json_t *record)
{
	const json_t *tenants = json_object_get(record, "tenants");
	const char *tenant;
	json_t *row;

	json_object_foreach (s->held, tenant, row)
		if (part(json_object_get(tenants, tenant), 1) < part(row, 1))
			return true;
	return false;
}

// Whether WANT, which is less than what was told, has been that for long enough.
static bool
is_less(struct shares *s, json_int_t want, json_int_t told, int32_t share, uint64_t since, uint64_t now)
{
	if (want >= told - told / LESS_PART)
		return false;
	s->less_since = since;
	return now >= since + (share > told + told / LAZY_PART ? LAZY_MS : LESS_MS);
}

bool
shares_are_news(struct shares *s, const json_t *wants, uint64_t now)
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
		int32_t kept, share = shares_of(s, tenant, &kept);

		if (json_object_get(s->told, tenant) == NULL || (want > share && want > told + told / MORE_PART) ||
			is_less(s, want, told, share, less_since ? less_since : now, now))
			return true;
	}
	return false;
}

json_t *
shares_report(struct shares *s, const json_t *wants, uint64_t now)
{
	json_t *tenants = json_object(), *value;
	const char *tenant;
	int32_t kept, share;

	json_object_clear(s->told);
	json_object_update(s->told, (json_t *)(uintptr_t)wants);
	json_object_foreach (s->held, tenant, value) {
		share = shares_of(s, tenant, &kept);
		json_object_set_new(tenants, tenant, json_pack("[i, i, i]", -1, share, kept));
	}
	json_object_foreach ((json_t *)(uintptr_t)wants, tenant, value) {
		share = shares_of(s, tenant, &kept);
		json_object_set_new(tenants, tenant, json_pack("[O, i, i]", value, share, kept));
	}
	s->told_number = s->number;
	s->told_at = now;
	s->less_since = 0;
	return json_pack("{s:I, s:I, s:o}", "session", (json_int_t)s->session, "number", (json_int_t)s->number,
		"tenants", tenants);
}
