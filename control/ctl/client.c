// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One JSON-RPC call over weftd's socket.
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const char *client_socket;

static int
open_socket(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(client_socket) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "weftctl: --socket %s: the path of a UNIX socket has at most %zu bytes\n",
			client_socket, sizeof(addr.sun_path) - 1);
		return -1;
	}
	strcpy(addr.sun_path, client_socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	fprintf(stderr,
		"weftctl: cannot reach weftd at %s: %s; is it running? 'weftctl --socket PATH' names another socket\n",
		client_socket, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
send_request(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0, sent = 0;
	int ret = text ? 0 : -1;

	// A request is a line: its end takes the place of the final zero.
	if (text)
		text[len++] = '\n';
	while (ret == 0 && sent < len) {
		ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n <= 0)
			ret = -1;
		else
			sent += n;
	}
	free(text);
	return ret;
}

// Sends REQUEST and returns the reply, a new reference, or NULL. It closes FD.
static json_t *
exchange(int fd, const json_t *request)
{
	FILE *f = fdopen(fd, "r");
	json_t *reply = NULL;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (f == NULL) {
		close(fd);
		return NULL;
	}
	len = send_request(fd, request) ? -1 : getline(&line, &size, f);
	if (len > 0)
		reply = json_loadb(line, len, 0, NULL);
	free(line);
	fclose(f);
	return reply;
}

json_t *
client_call(const char *method, json_t *params, int *code)
{
	json_t *request = json_pack("{s:s, s:i, s:s}", "jsonrpc", "2.0", "id", 1, "method", method), *reply, *result;
	const char *why;
	int fd = open_socket();

	*code = UNREACHABLE;
	json_object_set_new(request, "params", params ? params : json_object());
	reply = fd >= 0 ? exchange(fd, request) : NULL;
	json_decref(request);
	if (reply == NULL) {
		if (fd >= 0)
			fprintf(stderr, "weftctl: weftd closed the connection without an answer\n");
		return NULL;
	}
	result = json_incref(json_object_get(reply, "result"));
	why = json_string_value(json_object_get(json_object_get(reply, "error"), "message"));
	if (result == NULL) {
		fprintf(stderr, "weftctl: %s\n", why ? why : "no reason given");
		*code = REJECTED;
	}
	json_decref(reply);
	return result;
}
