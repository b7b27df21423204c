// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "token_command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <jansson.h>

#include "weft/clock.h"

#include "token.h"

#define GROUP "weft-rest" // sysusers.d makes it

static const char usage[] =
	"usage: weft-rest token add NAME --role read|operate|admin [--tenant TENANT]... [--days N]\n"
	"       weft-rest token list\n"
	"       weft-rest token del NAME\n";

static int
fail(const char *what, const char *why)
{
	fprintf(stderr, "weft-rest: %s: %s\n", what, why);
	return 1;
}

static json_t *
read_file(const char *file)
{
	char why[200];
	json_t *json;

	if (access(file, F_OK) && errno == ENOENT)
		return json_pack("{s:{}}", "tokens");
	json = token_file_load(file, why, sizeof(why));
	if (json == NULL)
		fail(file, why);
	else if (!json_is_object(json_object_get(json, "tokens")))
		json_object_set_new(json, "tokens", json_object());
	return json;
}

// Replaces FILE as a whole or not at all.
static int
write_file(const char *file, json_t *json)
{
	char new_file[600], folder[600];
	const struct group *group;
	struct stat there;
	int fd, ret;

	snprintf(new_file, sizeof(new_file), "%s.new", file);
	snprintf(folder, sizeof(folder), "%s", file);
	unlink(new_file);
	fd = open(new_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	ret = fd < 0 ? -1 : json_dumpfd(json, fd, JSON_INDENT(2) | JSON_SORT_KEYS);
	// weft-rest may read the file by its group: the old file's, weft-rest's own, or the folder's.
	if (fd >= 0 && stat(file, &there) == 0)
		ret |= fchown(fd, (uid_t)-1, there.st_gid);
	else if (fd >= 0 && (group = getgrnam(GROUP)) != NULL)
		ret |= fchown(fd, (uid_t)-1, group->gr_gid);
	else if (fd >= 0 && stat(dirname(folder), &there) == 0)
		ret |= fchown(fd, (uid_t)-1, there.st_gid);
	if (fd >= 0)
		ret |= write(fd, "\n", 1) != 1 || fsync(fd) || close(fd);
	if (ret || rename(new_file, file))
		return fail(new_file, strerror(errno));
	return 0;
}

// The entry that the options describe, still without its hash. NULL: the options are wrong.
static json_t *
entry_of(int argc, char **argv)
{
	json_t *entry = json_object(), *tenants = json_array();
	const char *role = NULL;

	for (int i = 0; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--role") == 0)
			role = argv[i + 1];
		else if (strcmp(argv[i], "--tenant") == 0)
			json_array_append_new(tenants, json_string(argv[i + 1]));
		else if (strcmp(argv[i], "--days") == 0 && atoi(argv[i + 1]) > 0)
			json_object_set_new(
				entry, "expires", json_integer(weft_clock_wall_s() + 86400LL * atoi(argv[i + 1])));
		else
			role = "";
	}
	if (argc % 2 || !role || (strcmp(role, "read") && strcmp(role, "operate") && strcmp(role, "admin"))) {
		json_decref(entry);
		json_decref(tenants);
		return NULL;
	}
	json_object_set_new(entry, "role", json_string(role));
	if (json_array_size(tenants))
		json_object_set(entry, "tenants", tenants);
	json_decref(tenants);
	return entry;
}

static int
add(const char *file, json_t *json, const char *name, json_t *entry)
{
	json_t *tokens = json_object_get(json, "tokens");
	char token[TOKEN_SIZE], hash[HASH_SIZE], why[128];
	int ret;

	if (json_object_get(tokens, name)) {
		json_decref(entry);
		return fail(name, "there is a token of this name already; delete it first");
	}
	ret = token_make(token);
	if (ret) {
		json_decref(entry);
		snprintf(why, sizeof(why), "gnutls_rnd() failed: %s", gnutls_strerror(ret));
		return fail(name, why);
	}
	token_hash(token, hash);
	json_object_set_new(entry, "sha256", json_string(hash));
	json_object_set_new(tokens, name, entry);
	ret = write_file(file, json);
	if (ret == 0)
		printf("%s\n", token);
	return ret;
}

static int
list(const json_t *json)
{
	const char *name;
	json_t *entry;

	json_object_foreach (json_object_get(json, "tokens"), name, entry) {
		json_int_t expires = json_integer_value(json_object_get(entry, "expires"));
		const char *role = json_string_value(json_object_get(entry, "role"));
		char *tenants = json_dumps(json_object_get(entry, "tenants"), JSON_COMPACT);
		time_t at = (time_t)expires;
		char day[32] = "never";

		if (expires)
			strftime(day, sizeof(day), "%Y-%m-%d", gmtime(&at));
		printf("%-24s %-8s expires %-12s %s\n", name, role ? role : "?", day,
			tenants ? tenants : "all tenants");
		free(tenants);
	}
	return 0;
}

int
weft_token_command(const char *file, int argc, char **argv)
{
	const char *what = argc > 0 ? argv[0] : "";
	json_t *json, *entry = NULL;
	int ret = 1;

	if (strcmp(what, "add") == 0 && argc > 1)
		entry = entry_of(argc - 2, argv + 2);
	if (!entry && !(strcmp(what, "list") == 0 && argc == 1) && !(strcmp(what, "del") == 0 && argc == 2)) {
		fputs(usage, stderr);
		return 1;
	}
	json = read_file(file);
	if (json == NULL)
		json_decref(entry);
	else if (entry)
		ret = add(file, json, argv[1], entry);
	else if (strcmp(what, "list") == 0)
		ret = list(json);
	else if (json_object_del(json_object_get(json, "tokens"), argv[1]))
		ret = fail(argv[1], "there is no token of this name");
	else
		ret = write_file(file, json);
	json_decref(json);
	return ret;
}
