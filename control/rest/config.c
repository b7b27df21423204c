// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "weft/file.h"

#define CONNECTIONS_MOST 100000
#define MAX_FILE	 (1u << 20) // bytes

void
config_defaults(struct config *config, const char *dir)
{
	*config = (struct config){
		.requests_per_s = 2000,
		.connections = 1024,
		.connections_per_address = 256,
		.event_clients = 512,
		.request_s = 30,
	};
	snprintf(config->weftd, PATH_SIZE, "%s/weftd.sock", dir ? dir : "/run/weft");
	snprintf(config->socket, PATH_SIZE, "%s/rest.sock", dir ? dir : "/run/weft-rest");
	snprintf(config->access, PATH_SIZE, "%s/access.json", dir ? dir : "/etc/weft");
}

// Copies TEXT, unless it is NULL. False: it is too long.
static bool
copy(char *to, size_t size, const char *text)
{
	if (text == NULL)
		return true;
	if (strlen(text) >= size)
		return false;
	strcpy(to, text);
	return true;
}

static int
refuse(const char *file, const char *why)
{
	fprintf(stderr, "weft-rest: %s: %s\n", file, why);
	return -1;
}

static int
take_all(struct config *c, const char *file, json_t *json)
{
	const char *weftd = NULL, *socket = NULL, *tcp = NULL, *certificate = NULL, *key = NULL, *ca = NULL,
		   *access = NULL;
	int rate = (int)c->requests_per_s, connections = (int)c->connections;
	int each = (int)c->connections_per_address, clients = (int)c->event_clients, request_s = (int)c->request_s;
	json_error_t error;

	if (json_unpack_ex(json, &error, JSON_STRICT, "{s?s, s?s, s?s, s?s, s?s, s?s, s?s, s?i, s?i, s?i, s?i, s?i}",
		    "weftd", &weftd, "socket", &socket, "listen", &tcp, "certificate", &certificate, "key", &key,
		    "client_ca", &ca, "access", &access, "requests_per_s", &rate, "connections", &connections,
		    "connections_per_address", &each, "event_clients", &clients, "request_s", &request_s))
		return refuse(file, error.text);
	if (!copy(c->weftd, PATH_SIZE, weftd) || !copy(c->socket, PATH_SIZE, socket) ||
		!copy(c->certificate, PATH_SIZE, certificate) || !copy(c->key, PATH_SIZE, key) ||
		!copy(c->client_ca, PATH_SIZE, ca) || !copy(c->access, PATH_SIZE, access))
		return refuse(file, "a path is longer than 511 bytes");
	if (!copy(c->listen, sizeof(c->listen), tcp))
		return refuse(file, "listen is longer than 127 bytes");
	if (rate < 0 || connections < 1 || connections > CONNECTIONS_MOST || each < 1 || clients < 0 || request_s < 1)
		return refuse(file,
			"connections (at most 100000), connections_per_address and request_s must be positive, and "
			"requests_per_s and event_clients must not be negative");
	if (!c->certificate[0] != !c->key[0])
		return refuse(file, "set both certificate and key, or neither");
	if (c->client_ca[0] && !c->certificate[0])
		return refuse(file, "client_ca needs certificate and key");
	if (!c->socket[0] && !c->listen[0])
		return refuse(file, "neither socket nor listen is set: there is nothing to serve");
	c->requests_per_s = (unsigned int)rate;
	c->connections = (unsigned int)connections;
	c->connections_per_address = (unsigned int)each;
	c->event_clients = (unsigned int)clients;
	c->request_s = (unsigned int)request_s;
	return 0;
}

int
config_load(struct config *config, const char *file, int must)
{
	json_error_t error;
	const char *why;
	size_t size;
	char *text;
	json_t *json;
	int ret;

	if (!must && access(file, F_OK))
		return 0;
	text = weft_file_read(file, MAX_FILE, &size, &why);
	if (text == NULL)
		return refuse(file, why);
	json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (json == NULL) {
		fprintf(stderr, "weft-rest: %s: line %d: %s\n", file, error.line, error.text);
		return -1;
	}
	ret = take_all(config, file, json);
	json_decref(json);
	return ret;
}
