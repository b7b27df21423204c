// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "guard.h"

#include <string.h>
#include <strings.h>

#include <microhttpd.h>

// The length of a host's name without its port.
static size_t
host_len(const char *host)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : NULL;

	return end ? (size_t)(end - host) + 1 : strcspn(host, ":");
}

// A page of somebody whose name leads to 127.0.0.1 would be this site's own page for the browser, but for the name.
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
guard_passes(struct request *r, bool local)
{
	const char *host = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Host");
	const char *origin = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Origin");
	const char *site = origin ? strstr(origin, "://") : NULL;

	if (local && host && !is_this_host(host)) {
		problem(r, 421, "this is not %.100s; a browser comes here by the name localhost", host);
		return false;
	}
	// Of this site's page it is the name that the request was sent to.
	if (origin && (site == NULL || host == NULL || strcasecmp(site + 3, host))) {
		problem(r, 403, "a page of %.100s may not use this", origin);
		return false;
	}
	return true;
}

void
guard_headers(struct MHD_Response *response, bool tls)
{
	if (MHD_get_response_header(response, "Cache-Control") == NULL)
		MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	if (tls)
		MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
}
