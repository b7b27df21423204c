// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Commands that show or change this host: its ports' rates, drops, workers, learned addresses, uplinks.
#include "host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "weft/clock.h"

#include "client.h"
#include "print_host.h"
#include "print_plan.h"
#include "print_port.h"
#include "result.h"

// Exit code REJECTED where packets are missing.
static int
audit(int argc, char **argv)
{
	int code;
	json_t *result;

	(void)argv;
	if (argc != 1)
		return USAGE;
	result = client_call("audit", NULL, &code);
	if (result == NULL)
		return code;
	ctl_print(result, print_audit);
	code = flag(result, "balanced") ? DONE : REJECTED;
	json_decref(result);
	return code;
}

static void
print_rates(const json_t *before, const json_t *after, double seconds, bool plans)
{
	if (ctl_json)
		ctl_print(after, NULL);
	else if (plans)
		print_plans(before, after, NULL);
	else
		print_top(before, after, seconds);
	fflush(stdout);
}

static int
top(int argc, char **argv)
{
	bool once = false, plans = false;
	json_t *before, *after;
	uint64_t start = weft_clock_us(), now;
	const char *method;
	int code;

	for (int i = 1; i < argc; i++) {
		once = once || strcmp(argv[i], "--once") == 0;
		plans = plans || strcmp(argv[i], "--plans") == 0;
	}
	if (argc != 1 + once + plans)
		return USAGE;
	method = plans ? "plans" : "ports";
	before = client_call(method, NULL, &code);
	while (before) {
		sleep(1);
		after = client_call(method, NULL, &code);
		if (after == NULL)
			break;
		now = weft_clock_us();
		if (!once && isatty(1))
			printf("\033[H\033[2J");
		print_rates(before, after, (now - start) / 1e6, plans);
		start = now;
		json_decref(before);
		before = after;
		if (once)
			break;
	}
	code = before && once ? DONE : code;
	json_decref(before);
	return code;
}

static int
explain(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[2], "to") == 0)
		return ctl_show("explain", json_pack("{s:s, s:s}", "port", argv[1], "to", argv[3]), print_explain);
	if (argc == 3)
		return ctl_show("explain", json_pack("{s:s, s:s}", "port", argv[1], "frame", argv[2]), print_explain);
	return USAGE;
}

static int
workers(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "rebalance") == 0)
		return ctl_show("rebalance", NULL, print_moved);
	return argc == 1 ? ctl_show("workers", NULL, print_workers) : USAGE;
}

static const struct ctl_command uplink_commands[] = {
	{ "show", .help = "show the uplinks, and what weft takes from those that it shares with the kernel",
		.method = "uplinks", .print = print_uplinks },
	{ 0 },
};

const struct ctl_command host_commands[] = {
	{ "status", .help = "show what runs, and which generation of the policy is in force", .method = "status",
		.print = print_status },
	{ "top", "[--once] [--plans]", .help = "show the ports' rates, every second", .run = top,
		.notes = "  --once   once, after a second\n"
			 "  --plans  what ports get of their data plans\n" },
	{ "drops", "[PORT]", .help = "show dropped packets by port and reason", .method = "drops", .param = "port",
		.print = print_drops },
	{ "audit", .help = "check that every packet is accounted for", .run = audit },
	{ "workers", "[rebalance]", .help = "show the workers' load, stage by stage", .run = workers,
		.notes = "  rebalance  spread the ports over the workers anew\n" },
	{ "fdb", .help = "show learned addresses", .method = "fdb", .print = print_fdb },
	{ "uplink", .help = "the devices to the physical network", .commands = uplink_commands },
	{ "explain", "PORT FRAME | PORT to ADDRESS", .help = "show what would happen to a frame from PORT",
		.run = explain,
		.notes = "FRAME is hexadecimal. With ADDRESS, a MAC or an IP address, weftd makes the frame.\n" },
	{ 0 },
};
