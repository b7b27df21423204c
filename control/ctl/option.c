// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "option.h"

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "object.h"
#include "print_schema.h"
#include "result.h"
#include "shortcut.h"

#define MAX_OPTIONS 256
#define NAME_SIZE   96

struct option {
	char name[NAME_SIZE];
	char path[NAME_SIZE];		 // of the field, with dots; empty: the shortcut has none
	const json_t *field;		 // its schema; NULL: the option has none
	const struct shortcut *shortcut; // NULL: the option is a field
	bool off;			 // "--no-log" sets false
};

struct options {
	json_t *schema; // of the object; the reference keeps the fields' alive
	unsigned int n;
	struct option list[MAX_OPTIONS];
};

static bool
is_type(const json_t *field, const char *type)
{
	return strcmp(text(field, "type"), type) == 0;
}

static struct option *
find_exactly(struct options *options, const char *name)
{
	for (unsigned int i = 0; i < options->n; i++)
		if (strcmp(options->list[i].name, name) == 0)
			return &options->list[i];
	return NULL;
}

// Adds the option of a field. A shortcut of the same name takes precedence.
static void
add_field(struct options *options, const char *path, const json_t *field, bool off)
{
	struct option *option = &options->list[options->n];

	if (options->n == MAX_OPTIONS)
		return;
	*option = (struct option){ .field = field, .off = off };
	snprintf(option->path, NAME_SIZE, "%s", path);
	snprintf(option->name, NAME_SIZE, "%s%s", off ? "no-" : "", path);
	for (char *p = option->name; (p = strpbrk(p, "._")) != NULL;)
		*p = '-';
	if (find_exactly(options, option->name) == NULL)
		options->n++;
}

static void
add_fields(struct options *options, const json_t *schema, const char *prefix)
{
	const char *name;
	json_t *field;

	json_object_foreach (json_object_get(schema, "properties"), name, field) {
		char path[NAME_SIZE];

		snprintf(path, sizeof(path), "%s%s", prefix, name);
		if (json_object_get(field, "properties")) {
			snprintf(path, sizeof(path), "%s%s.", prefix, name);
			add_fields(options, field, path);
			continue;
		}
		add_field(options, path, field, false);
		if (is_type(field, "boolean"))
			add_field(options, path, field, true);
	}
}

// The schema of the field at PATH, or NULL.
static const json_t *
field_at(const json_t *schema, const char *path)
{
	size_t len = strcspn(path, ".");
	const json_t *field = json_object_getn(json_object_get(schema, "properties"), path, len);

	return path[len] ? field_at(field, path + len + 1) : field;
}

static void
add_shortcuts(struct options *options, const char *what)
{
	for (const struct shortcut *s = shortcuts; s->option; s++) {
		struct option *option = &options->list[options->n];

		if (strcmp(s->object, what))
			continue;
		*option =
			(struct option){ .shortcut = s, .field = s->path ? field_at(options->schema, s->path) : NULL };
		snprintf(option->name, NAME_SIZE, "%s", s->option);
		snprintf(option->path, NAME_SIZE, "%s", s->path ? s->path : "");
		options->n++;
	}
}

// Asks weftd for the fields of WHAT. Returns DONE, or the exit code, and then OPTIONS has the shortcuts only.
static int
load(struct options *options, const char *what)
{
	bool rule = strcmp(what, "rule") == 0;
	const char *kind = rule ? "group" : what;
	int code = DONE;
	json_t *kinds = client_call("schema", json_pack("{s:s}", "kind", kind), &code);

	options->schema = json_object_get(kinds, kind);
	if (rule)
		options->schema = json_object_get(
			json_object_get(json_object_get(options->schema, "properties"), "rules"), "items");
	json_incref(options->schema);
	options->n = 0;
	add_shortcuts(options, what);
	add_fields(options, options->schema, "");
	json_decref(kinds);
	return kinds ? DONE : code;
}

// The option that begins with NAME, LEN bytes: the one of that name, or the only one. Returns NULL, having printed why.
static const struct option *
find(const struct options *options, const char *what, const char *name, size_t len)
{
	const struct option *found = NULL;
	bool ambiguous = false;

	for (unsigned int i = 0; i < options->n; i++) {
		const struct option *option = &options->list[i];

		if (strncmp(option->name, name, len))
			continue;
		if (option->name[len] == 0)
			return option;
		ambiguous = found != NULL;
		found = option;
	}
	if (found && !ambiguous)
		return found;
	fprintf(stderr, "weftctl: %s --%.*s; 'weftctl %s add --help' lists the options\n",
		found ? "more than one option begins with" : "there is no option", (int)len, name, what);
	return NULL;
}

// Appends what the user typed to the list at PATH: JSON where items are objects, else items separated by commas.
static void
append(json_t *object, const char *path, const json_t *items, const char *argument)
{
	json_t *list = object_get(object, path), *more;

	if (is_type(items, "object"))
		more = json_loads(argument, JSON_REJECT_DUPLICATES, NULL);
	else
		more = object_typed_list(argument, !is_type(items, "string"));
	if (list == NULL) {
		list = json_array();
		object_set(object, path, list);
	}
	if (json_is_array(more))
		json_array_extend(list, more);
	else
		json_array_append(list, more ? more : json_null());
	json_decref(more);
}

static void
set(json_t *object, const struct option *option, const char *argument)
{
	const struct shortcut *s = option->shortcut;

	if (s && s->fixed)
		object_set(object, s->fixed, json_string(s->value));
	if (s && s->set)
		s->set(object, argument);
	else if (is_type(option->field, "array"))
		append(object, option->path, json_object_get(option->field, "items"), argument);
	else if (s == NULL && is_type(option->field, "boolean"))
		object_set(object, option->path, json_boolean(!option->off));
	else if (option->path[0])
		object_set(object, option->path,
			is_type(option->field, "string") ? json_string(argument) : object_typed(argument));
}

static bool
takes_argument(const struct option *option)
{
	return option->shortcut ? option->shortcut->argument != NULL : !is_type(option->field, "boolean");
}

static int
parse(struct options *options, const char *what, json_t *object, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const struct option *option;
		const char *argument;
		size_t len;

		if (strncmp(argv[i], "--", 2) || argv[i][2] == 0 || argv[i][2] == '=') {
			fprintf(stderr, "weftctl: \"%s\" is no option\n", argv[i]);
			return USAGE;
		}
		len = strcspn(argv[i] + 2, "=");
		option = find(options, what, argv[i] + 2, len);
		if (option == NULL)
			return USAGE;
		argument = argv[i][2 + len] ? argv[i] + 3 + len : NULL;
		if (argument && !takes_argument(option)) {
			fprintf(stderr, "weftctl: --%s takes no value\n", option->name);
			return USAGE;
		}
		if (argument == NULL && takes_argument(option))
			argument = ++i < argc ? argv[i] : NULL;
		if (argument == NULL && takes_argument(option)) {
			fprintf(stderr, "weftctl: --%s needs a value\n", option->name);
			return USAGE;
		}
		set(object, option, argument);
	}
	return DONE;
}

int
option_parse(const char *what, json_t *object, int argc, char **argv)
{
	struct options options;
	int code = load(&options, what);

	if (code == DONE)
		code = parse(&options, what, object, argc, argv);
	json_decref(options.schema);
	return code;
}

int
option_add(const char *what, const char *plural, json_t *object, int argc, char **argv)
{
	int code = argc >= 2 && argv[1][0] != '-' ? option_parse(what, object, argc - 2, argv + 2) : USAGE;

	if (code == DONE)
		return object_apply(plural, argv[1], object);
	json_decref(object);
	return code;
}

// Returns the name of a field's argument in usage texts.
static const char *
placeholder(const json_t *field)
{
	const json_t *items = json_object_get(field, "items");

	if (is_type(field, "boolean"))
		return "";
	if (is_type(field, "integer"))
		return " N";
	if (items)
		return is_type(items, "object") ? " JSON" : " LIST";
	return is_type(field, "string") && !json_object_get(field, "enum") ? " TEXT" : " VALUE";
}

int
option_help(const char *what)
{
	struct options options;
	int code = load(&options, what);

	for (unsigned int i = 0; i < options.n; i++) {
		const struct option *option = &options.list[i];
		const struct shortcut *s = option->shortcut;
		char name[NAME_SIZE * 2];

		snprintf(name, sizeof(name), "--%s%s%s", option->name, s && s->argument ? " " : "",
			s	      ? s->argument ? s->argument : ""
			: option->off ? ""
				      : placeholder(option->field));
		printf("  %-30s ", name);
		if (s)
			puts(s->help);
		else if (option->off)
			puts("the opposite");
		else
			print_field(option->field);
	}
	if (code != DONE)
		puts("There is also an option for each field; weftd, which knows them, does not answer.");
	json_decref(options.schema);
	return code;
}
