// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "guard.h"

#include <string.h>
#include <strings.h>

#include <microhttpd.h>

#include "problem.h"
#include "server.h"

// The length of a host's name without its port.
static size_t
host_len(const char *host)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : NULL;

	return end ? (size_t)(end - host) + 1 : strcspn(host, ":");
}

// An attacker's host name may resolve to 127.0.0.1; then the browser takes the attacker's page and this server for one
// site. Only the name in the request tells them apart.
static bool
is_this_host(const char *host)
{
	static const char *const names[] = { "weft", "localhost", "127.0.0.1", "[::1]" };
	size_t len = host_len(host);

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && strncasecmp(host, names[i], len) == 0)
			return true;
	return false;
}

bool
weft_guard_check(struct request *r)
{
	const char *host = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Host");
	const char *origin = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Origin");
	const char *site = origin ? strstr(origin, "://") : NULL;

	if (r->server->local && host && !is_this_host(host)) {
		weft_problem(r, 421, "this server is not %.100s; use the name localhost", host);
		return false;
	}
	// This site's own page sends the name that the request was sent to.
	if (origin && (site == NULL || host == NULL || strcasecmp(site + 3, host))) {
		weft_problem(r, 403, "pages of %.100s may not send requests to this server", origin);
		return false;
	}
	return true;
}
