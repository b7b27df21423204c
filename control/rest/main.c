// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft-rest: REST, events, metrics and a page in front of weftd.
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "control/rest/auth/token_command.h"
#include "serve.h"

#define CONFIG_FILE "/etc/weft/rest.json"

static const char usage[] = "usage: weft-rest [--config FILE | --dev DIR]\n"
			    "       weft-rest [--config FILE | --dev DIR] token add NAME --role read|operate|admin "
			    "[--tenant TENANT]... [--days N]\n"
			    "       weft-rest [--config FILE | --dev DIR] token list | del NAME\n"
			    "Settings are in " CONFIG_FILE ", or FILE, or DIR/rest.json; see weft-rest(8).\n";

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
		return weft_token_command(config.access, argc - optind - 1, argv + optind + 1);
	if (optind < argc) {
		fputs(usage, stderr);
		return 1;
	}
	return serve(&config);
}
