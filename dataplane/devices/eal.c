// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "eal.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#define MAX_ARGS 64

static int
check_cpus(const struct weft_eal_config *config, struct weft_error *err)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return weft_fail(err, errno, "cannot read this process's CPUs: %s", strerror(errno));
	for (unsigned int i = 0; i < config->n_workers; i++)
		if (!CPU_ISSET(config->worker_cpu[i], &set))
			return weft_fail(err, EINVAL,
				"workers[%u]: weftd may not run on CPU %u; see 'lscpu' and 'taskset -p'", i,
				config->worker_cpu[i]);
	return 0;
}

static int
check_hugepages(const struct weft_eal_config *config, struct weft_error *err)
{
	unsigned long total = 0, size_kb = 0, pages;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f)) {
		(void)sscanf(line, "HugePages_Free: %lu", &total);
		(void)sscanf(line, "Hugepagesize: %lu", &size_kb);
	}
	if (f)
		fclose(f);
	pages = size_kb ? (config->memory_mb * 1024ul + size_kb - 1) / size_kb : 0;
	if (size_kb == 0 || total < pages)
		return weft_fail(err, ENOMEM,
			"hugepages: %u MiB need %lu free huge pages of %lu KiB, and there are %lu; "
			"run 'sysctl vm.nr_hugepages=%lu', or set \"hugepages\": false",
			config->memory_mb, pages, size_kb, total, total + pages);
	return 0;
}

static void
format_lcores(const struct weft_eal_config *config, char *text, size_t size)
{
	int len;

	if (config->control_cpus[0]) {
		len = snprintf(text, size, "0@(%s)", config->control_cpus);
	} else {
		cpu_set_t set;
		int n = 0;

		len = snprintf(text, size, "0@(");
		sched_getaffinity(0, sizeof(set), &set);
		for (int cpu = 0; cpu < CPU_SETSIZE && len < (int)size - 8; cpu++)
			if (CPU_ISSET(cpu, &set))
				len += snprintf(text + len, size - len, "%s%d", n++ ? "," : "", cpu);
		len += snprintf(text + len, size - len, ")");
	}
	for (unsigned int i = 0; i < config->n_workers && len < (int)size - 16; i++)
		len += snprintf(text + len, size - len, ",%u@%u", i + 1, config->worker_cpu[i]);
}

// EAL's command line. EAL writes to its arguments, and keeps pointers into them.
struct args {
	char text[8192];
	size_t used;
	char *argv[MAX_ARGS];
	int argc;
};

__attribute__((format(printf, 2, 3))) static void
add_arg(struct args *args, const char *fmt, ...)
{
	char *to = args->text + args->used;
	size_t room = sizeof(args->text) - args->used;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(to, room, fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= room || args->argc == MAX_ARGS - 1)
		return;
	args->argv[args->argc++] = to;
	args->used += len + 1;
}

int
weft_eal_init(const struct weft_eal_config *config, struct weft_error *err)
{
	static struct args args;
	char lcores[4096], extra[512], *save = NULL;
	int ret = check_cpus(config, err);

	if (ret == 0 && config->hugepages)
		ret = check_hugepages(config, err);
	if (ret)
		return ret;
	format_lcores(config, lcores, sizeof(lcores));
	add_arg(&args, "weftd");
	add_arg(&args, "--lcores=%s", lcores);
	add_arg(&args, "--log-level=lib.vhost.*:error");
	add_arg(&args, "--no-telemetry");
	// Huge pages are cleared as they are taken, which takes as long as all the rest of the start: take few.
	if (config->hugepages) {
		add_arg(&args, "-m%u", RTE_MIN(config->first_mb, config->memory_mb));
		add_arg(&args, "--socket-limit=%u", config->memory_mb);
	} else {
		add_arg(&args, "-m%u", config->memory_mb);
	}
	add_arg(&args, "--file-prefix=%s", config->file_prefix);
	// The memory is gone with the process: even SIGKILL leaves nothing behind.
	add_arg(&args, config->hugepages ? "--in-memory" : "--no-huge");
	add_arg(&args, "--no-shconf");
	if (!config->pci)
		add_arg(&args, "--no-pci");
	else
		// No device yet: ports name theirs later. Without this, DPDK would take every device that it can drive.
		add_arg(&args, "--allow=0000:00:00.0");
	snprintf(extra, sizeof(extra), "%s", config->extra);
	for (char *arg = strtok_r(extra, " ", &save); arg; arg = strtok_r(NULL, " ", &save))
		add_arg(&args, "%s", arg);
	if (rte_eal_init(args.argc, args.argv) < 0)
		return weft_fail(err, rte_errno ? rte_errno : EINVAL,
			"DPDK did not start: %s; its own messages are above this line", rte_strerror(rte_errno));
	return 0;
}
