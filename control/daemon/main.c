// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftd: reads its configuration, starts the engine, and runs the control thread.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <rte_eal.h>

#include "control/daemon/life.h"
#include "dataplane/devices/eal.h"

#define DEFAULT_CONFIG "/etc/weft/weftd.json"

static void
usage(FILE *to)
{
	fprintf(to, "usage: weftd [--config FILE | --dev DIR]\n"
		    "  --config FILE  read FILE instead of " DEFAULT_CONFIG "\n"
		    "  --dev DIR      keep everything under DIR: no huge pages, no NIC, sleep when idle\n"
		    "  --version      print the version\n"
		    "  --help         print this\n");
}

static int
parse_args(int argc, char **argv, const char **file, const char **dev)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "dev", required_argument, NULL, 'd' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	*file = *dev = NULL;
	while ((c = getopt_long(argc, argv, "c:d:vh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			*file = optarg;
			break;
		case 'd':
			*dev = optarg;
			break;
		case 'v':
			puts("weftd " WEFT_VERSION);
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			return -1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "weftd: unexpected argument '%s'\n", argv[optind]);
		return -1;
	}
	if (*file == NULL && *dev == NULL)
		*file = DEFAULT_CONFIG;
	return 0;
}

// Every port needs a handful of descriptors: the limit is raised as far as it goes.
static void
raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	// Otherwise the kernel rounds up the short sleeps of idle workers.
	prctl(PR_SET_TIMERSLACK, 1);
}

// The memory in MB that this configuration needs at the start: buffers, address tables, counters and outboxes.
static uint32_t
first_memory(const struct weft_engine_config *engine)
{
	const uint64_t per_mbuf = 2560, per_address = 64, per_worker = 32 << 20, rest = 8 << 20;
	uint64_t bytes = engine->n_mbufs * per_mbuf + rest;

	bytes += engine->n_workers * (engine->fdb_size * per_address + per_worker);
	return (uint32_t)(bytes >> 20) + 1;
}

static int
start_eal(const struct weft_config *config, struct weft_error *err)
{
	struct weft_eal_config eal = {
		.n_workers = config->engine.n_workers,
		.hugepages = config->hugepages,
		.pci = config->pci,
		.memory_mb = config->memory_mb,
		.first_mb = first_memory(&config->engine),
	};

	memcpy(eal.worker_cpu, config->worker_cpu, sizeof(eal.worker_cpu));
	snprintf(eal.control_cpus, sizeof(eal.control_cpus), "%s", config->control_cpus);
	snprintf(eal.file_prefix, sizeof(eal.file_prefix), "%s", config->file_prefix);
	snprintf(eal.extra, sizeof(eal.extra), "%s", config->dpdk_args);
	return weft_eal_init(&eal, err);
}

int
main(int argc, char **argv)
{
	static struct weft_config config;
	struct weft_error err = { "" };
	const char *file, *dev;
	int ret;

	if (parse_args(argc, argv, &file, &dev)) {
		usage(stderr);
		return 1;
	}
	raise_limits();
	ret = weft_config_load(file, dev, &config, &err);
	if (ret == 0)
		ret = start_eal(&config, &err);
	if (ret == 0 && (ret = weft_engine_start(&config.engine, &err)) == 0) {
		ret = weft_control_run(&config, &err);
		weft_engine_stop();
		rte_eal_cleanup();
	}
	if (ret)
		fprintf(stderr, "weftd: %s%s\n", err.text,
			ret == -ENOENT && !dev ? "; 'weftd --dev DIR' needs no configuration" : "");
	return ret ? 2 : 0;
}
