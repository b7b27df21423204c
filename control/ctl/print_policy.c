// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The policy and its changes, for people.
#include "print_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "result.h"

static void
print_late(const json_t *result)
{
	size_t i;
	json_t *host;

	if (!flag(result, "late"))
		return;
	printf("LATE:");
	json_array_foreach (json_object_get(result, "late_hosts"), i, host)
		printf(" %s", json_string_value(host));
	printf("; 'weftctl wait %lld' waits for them\n", number(result, "generation"));
}

void
print_changes(const json_t *changes)
{
	const char *kinds[] = { "added", "changed", "removed" };
	bool dry = flag(changes, "dry_run");
	size_t n = 0, i;
	json_t *path;

	json_array_foreach (json_object_get(changes, "warnings"), i, path)
		fprintf(stderr, "warning: %s\n", json_string_value(path));
	for (unsigned int k = 0; k < 3; k++) {
		json_array_foreach (json_object_get(changes, kinds[k]), i, path)
			printf("%s%s %s\n", dry ? "would be " : "", kinds[k], json_string_value(path));
		n += json_array_size(json_object_get(changes, kinds[k]));
	}
	if (n == 0)
		printf("nothing to change\n");
	printf("generation %lld%s\n", number(changes, "generation"), dry ? ", unchanged" : ", in force");
	json_array_foreach (json_object_get(changes, "hosts"), i, path)
		if (flag(path, "concerned") && strcmp(text(path, "state"), "live") == 0)
			printf("applied on host %s\n", text(path, "host"));
	json_array_foreach (json_object_get(changes, "fenced"), i, path)
		printf("not applied on host %s, which has lost the cluster\n", json_string_value(path));
	print_late(changes);
}

static void
print_object(char sign, const json_t *object)
{
	char *dump = json_is_null(object) ? NULL : json_dumps(object, JSON_INDENT(2) | JSON_SORT_KEYS), *save = NULL;

	for (char *line = dump ? strtok_r(dump, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
		printf("%c %s\n", sign, line);
	free(dump);
}

void
print_diff(const json_t *changes)
{
	size_t i;
	json_t *row, *value;
	const char *field;

	json_array_foreach (json_object_get(changes, "diff"), i, row) {
		json_t *before = json_object_get(row, "before"), *after = json_object_get(row, "after");

		printf("%s\n", text(row, "key"));
		if (json_is_null(before) || json_is_null(after)) {
			print_object('-', before);
			print_object('+', after);
			continue;
		}
		json_object_foreach (before, field, value) {
			json_t *to = json_object_get(after, field);
			char *old = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS), *new = NULL;

			if (to)
				new = json_dumps(to, JSON_ENCODE_ANY | JSON_SORT_KEYS);
			if (!json_equal(value, to))
				printf("  %s: %s -> %s\n", field, old, new ? new : "nothing");
			free(old);
			free(new);
		}
		json_object_foreach (after, field, value) {
			char *new = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);

			if (json_object_get(before, field) == NULL)
				printf("  %s: nothing -> %s\n", field, new);
			free(new);
		}
	}
	if (json_array_size(json_object_get(changes, "diff")) == 0)
		printf("no difference\n");
}

void
print_generation(const json_t *result)
{
	size_t i;
	json_t *host;

	printf("generation %lld: %s\n", number(result, "generation"), text(result, "state"));
	printf("%-24s %-10s %12s  %-22s %-6s %s\n", "HOST", "STATE", "APPLIED", "TUNNEL", "BFD", "NOTE");
	json_array_foreach (json_object_get(result, "hosts"), i, host) {
		const json_t *tunnel = json_object_get(host, "tunnel");

		printf("%-24s %-10s %12lld  %-22s %-6s %s\n", text(host, "host"), text(host, "state"),
			number(host, "applied"), text(tunnel, "address"), text(tunnel, "bfd"), text(host, "note"));
	}
	print_late(result);
}

static void
print_list(const char *what, const json_t *keys)
{
	size_t i, n = json_array_size(keys);
	json_t *key;

	json_array_foreach (keys, i, key) {
		if (i == 5) {
			printf("    and %zu more %s\n", n - i, what);
			break;
		}
		printf("    %s %s\n", what, json_string_value(key));
	}
}

void
print_generations(const json_t *list)
{
	size_t i;
	json_t *row;

	json_array_foreach (list, i, row) {
		time_t seconds = number(row, "time") / 1000000;
		struct tm tm;
		char when[32];

		gmtime_r(&seconds, &tm);
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
		printf("%lld  %s  %s  %s\n", number(row, "generation"), when, text(row, "who"), text(row, "note"));
		print_list("added", json_object_get(row, "added"));
		print_list("changed", json_object_get(row, "changed"));
		print_list("removed", json_object_get(row, "removed"));
	}
}

void
print_where(const json_t *found)
{
	size_t i, k;
	json_t *row, *item;

	json_array_foreach (found, i, row) {
		printf("port %s on host %s%s: state %s, network %s, generation %lld%s\n", text(row, "port"),
			text(row, "host")[0] ? text(row, "host") : "(none)",
			strcmp(text(row, "host_state"), "live") == 0 ? "" : " (not live)", text(row, "state"),
			text(row, "network"), number(row, "generation"),
			number(row, "host_generation") >= number(row, "generation") ? "" : " (its host is late)");
		printf("  vm %s, mac %s, plan %s, groups", text(row, "vm"), text(row, "mac"), text(row, "plan"));
		json_array_foreach (json_object_get(row, "groups"), k, item)
			printf(" %s", json_string_value(item));
		printf(", addresses");
		json_array_foreach (json_object_get(row, "ips"), k, item)
			printf(" %s", json_string_value(item));
		putchar('\n');
	}
}
