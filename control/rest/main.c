// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft-rest: REST, events, metrics and a page in front of weftd.
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "control/rest/auth/access.h"
#include "control/rest/http/conn.h"
#include "control/rest/http/listen.h"
#include "control/rest/http/peers.h"
#include "control/rest/http/tls.h"

#define CONFIG_FILE "/etc/weft/rest.json"

static const char usage[] = "usage: weft-rest [--config FILE | --dev DIR]\n"
			    "       weft-rest [--config FILE | --dev DIR] token add NAME --role read|operate|admin "
			    "[--tenant TENANT]... [--days N]\n"
			    "       weft-rest [--config FILE | --dev DIR] token list | del NAME\n"
			    "Settings are in " CONFIG_FILE ", or FILE, or DIR/rest.json; see weft-rest(8).\n";

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	sd_notify(0, "WATCHDOG=1");
}

// Serves until it is told to end.
static void
loop(struct event_base *base)
{
	struct event *term = evsignal_new(base, SIGTERM, on_signal, base),
		     *intr = evsignal_new(base, SIGINT, on_signal, base),
		     *watchdog = event_new(base, -1, EV_PERSIST, on_watchdog, NULL);
	uint64_t us = 0;

	event_add(term, NULL);
	event_add(intr, NULL);
	if (sd_watchdog_enabled(0, &us) > 0) {
		const struct timeval each = { .tv_sec = (time_t)(us / 2 / 1000000),
			.tv_usec = (suseconds_t)(us / 2 % 1000000) };

		event_add(watchdog, &each);
	}
	sd_notify(0, "READY=1");
	event_base_dispatch(base);
	event_free(term);
	event_free(intr);
	event_free(watchdog);
}

static int
serve(const struct config *config)
{
	struct event_base *base = event_base_new();
	bool tls = config->certificate[0] != 0;
	int local_fd = -1, tcp_fd = -1;
	struct server *local = NULL, *tcp = NULL;

	if (base == NULL || (config->access[0] && access_load(config->access)) || (tls && tls_load(config)))
		return 1;
	if (config->socket[0] && (local_fd = listen_unix(config->socket)) < 0)
		return 1;
	if (config->listen[0] && (tcp_fd = listen_tcp(config->listen, tls)) < 0)
		return 1;
	peers_limit(config->requests_per_s);
	if (conns_start(base, config->request_s) || backend_start(base, config->weftd) || events_start(base, config))
		return 1;
	if ((local_fd >= 0 && !(local = server_new(base, config, local_fd, true, false))) ||
		(tcp_fd >= 0 && !(tcp = server_new(base, config, tcp_fd, false, tls)))) {
		fprintf(stderr, "weft-rest: libmicrohttpd does not start\n");
		return 1;
	}
	fprintf(stderr, "event=serves socket=%s listen=%s tls=%s weftd=%s\n", config->socket, config->listen,
		tls ? "yes" : "no", config->weftd);
	loop(base);
	backend_stop();
	if (local)
		server_free(local);
	if (tcp)
		server_free(tcp);
	events_stop();
	conns_stop();
	event_base_free(base);
	tls_free();
	access_free();
	if (config->socket[0])
		unlink(config->socket);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		{ "dev", required_argument, NULL, 'd' }, { "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' }, { 0 } };
	const char *file = NULL, *dir = NULL;
	struct config config;
	char in_dir[PATH_SIZE];
	int c;

	signal(SIGPIPE, SIG_IGN);
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 'c') {
			file = optarg;
		} else if (c == 'd') {
			dir = optarg;
		} else if (c == 'v') {
			puts("weft-rest " WEFT_VERSION);
			return 0;
		} else {
			fputs(usage, c == 'h' ? stdout : stderr);
			return c != 'h';
		}
	}
	config_defaults(&config, dir);
	snprintf(in_dir, sizeof(in_dir), "%s/rest.json", dir ? dir : "");
	if (config_load(&config, file ? file : dir ? in_dir : CONFIG_FILE, file != NULL))
		return 1;
	if (optind < argc && strcmp(argv[optind], "token") == 0)
		return token_command(config.access, argc - optind - 1, argv + optind + 1);
	if (optind < argc) {
		fputs(usage, stderr);
		return 1;
	}
	return serve(&config);
}
