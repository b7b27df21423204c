// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftctl: the one command-line tool.
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "weft/clock.h"

#include "ctl.h"

#define DEFAULT_SOCKET "/run/weft/weftd.sock"

struct options options = { .socket = DEFAULT_SOCKET };

static const char main_usage[] =
	"usage: weftctl [--socket PATH | --dev DIR] [--json] COMMAND\n"
	"  status                           what runs, and which generation of the policy is in force\n"
	"  apply -f FILE... [OPTIONS]       make the objects in FILE part of the policy, all or none\n"
	"  diff -f FILE...                  what apply would change\n"
	"  get [KIND [NAME]]                the policy as JSON, in the form that apply takes; or one object\n"
	"  set KIND NAME FIELD=VALUE...     change fields of an object; FIELD.SUB=VALUE, FIELD= removes it\n"
	"  delete KIND NAME                 remove an object\n"
	"  explain-object [KIND]            the fields of a kind of object\n"
	"  wait [GENERATION]                until it is applied on every host, or name those that are late\n"
	"  generations                      who changed what and when\n"
	"  undo [GENERATION]                take the latest, or that, generation's changes back\n"
	"  hosts                            the hosts of the cluster and the generations that they apply\n"
	"  where NAME|MAC|IP                which host, port and generation\n"
	"  retire PORT [--bar SECONDS]      close a port for good, on every host, and bar its addresses\n"
	"  network add|list|check|del       networks, and what keeps one from other hosts\n"
	"  port add|list|show|del           ports; add and show print what QEMU and libvirt need\n"
	"  group add|list|show|del          groups of ports, and who is in them and where\n"
	"  rule add|del|hits                rules of a group, and what every rule has let pass or stopped\n"
	"  session list|show|count|kill     connections, by port, address or state\n"
	"  plan add|del|show                data plans, and what ports get of theirs\n"
	"  top [--once] [--plans]           rates by port, every second; or by data plan\n"
	"  drops [PORT]                     dropped packets by port and reason\n"
	"  audit                            checks that every packet is accounted for\n"
	"  workers [rebalance]              the workers' load, stage by stage; or spread the ports anew\n"
	"  fdb                              learned addresses\n"
	"  sriov list|show|create|destroy   the host's PFs and VFs\n"
	"  uplink show                      devices to the physical network, and what weft takes from shared ones\n"
	"  explain PORT FRAME               what would happen to a frame (hexadecimal) from PORT\n"
	"  explain PORT to ADDRESS          the same for a frame to a MAC or an IP address\n"
	"The socket is " DEFAULT_SOCKET ", or $WEFT_SOCKET. Exit codes: 0 done, 1 usage, 2 rejected and\n"
	"nothing changed, 3 accepted and not yet everywhere, 4 cannot reach weftd.\n";

int
usage(const char *text)
{
	fputs(text, stderr);
	return USAGE;
}

int
show(const char *method, json_t *params, void (*print)(const json_t *result))
{
	int code;
	json_t *result = call(method, params, &code);

	if (result == NULL)
		return code;
	if (options.json)
		print_json(result);
	else
		print(result);
	json_decref(result);
	return DONE;
}

static int
cmd_simple(const char *method, int argc, void (*print)(const json_t *result))
{
	return argc == 1 ? show(method, NULL, print) : usage(main_usage);
}

static int
cmd_audit(int argc)
{
	int code;
	json_t *audit = argc == 1 ? call("audit", NULL, &code) : NULL;

	if (argc != 1)
		return usage(main_usage);
	if (audit == NULL)
		return code;
	(options.json ? print_json : print_audit)(audit);
	code = json_is_true(json_object_get(audit, "balanced")) ? DONE : REJECTED;
	json_decref(audit);
	return code;
}

static int
cmd_top(int argc, char **argv)
{
	bool once = false, plans = false;
	json_t *before, *after;
	double start = weft_clock_ns() / 1e9, now;
	const char *method;
	int code;

	for (int i = 1; i < argc; i++) {
		once = once || strcmp(argv[i], "--once") == 0;
		plans = plans || strcmp(argv[i], "--plans") == 0;
	}
	if (argc != 1 + once + plans)
		return usage(main_usage);
	method = plans ? "plans" : "ports";
	before = call(method, NULL, &code);
	while (before) {
		sleep(1);
		after = call(method, NULL, &code);
		if (after == NULL)
			break;
		now = weft_clock_ns() / 1e9;
		if (!once && isatty(1))
			printf("\033[H\033[2J");
		if (options.json)
			print_json(after);
		else if (plans)
			print_plans(before, after, NULL);
		else
			print_top(before, after, now - start);
		fflush(stdout);
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
cmd_explain(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[2], "to") == 0)
		return show("explain", json_pack("{s:s, s:s}", "port", argv[1], "to", argv[3]), print_explain);
	if (argc == 3)
		return show("explain", json_pack("{s:s, s:s}", "port", argv[1], "frame", argv[2]), print_explain);
	return usage("usage: weftctl explain PORT FRAME\n       weftctl explain PORT to ADDRESS\n");
}

static void
print_moved(const json_t *result)
{
	printf("%lld port(s) moved to another worker\n", json_integer_value(json_object_get(result, "moved")));
}

static int
dispatch(int argc, char **argv)
{
	const char *command = argv[0];
	int code;

	if (strcmp(command, "status") == 0)
		return cmd_simple("status", argc, print_status);
	if (strcmp(command, "fdb") == 0)
		return cmd_simple("fdb", argc, print_fdb);
	if (strcmp(command, "sriov") == 0)
		return cmd_sriov(argc, argv);
	if (strcmp(command, "uplink") == 0)
		return argc == 2 && strcmp(argv[1], "show") == 0 ? show("uplinks", NULL, print_uplinks)
								 : usage("usage: weftctl uplink show\n");
	if (strcmp(command, "port") == 0)
		return cmd_port(argc, argv);
	if (strcmp(command, "network") == 0)
		return cmd_network(argc, argv);
	if (strcmp(command, "plan") == 0)
		return cmd_plan(argc, argv);
	if (strcmp(command, "session") == 0)
		return cmd_session(argc, argv);
	if (strcmp(command, "rule") == 0)
		return cmd_rule(argc, argv);
	if (strcmp(command, "group") == 0)
		return cmd_group(argc, argv);
	if (strcmp(command, "top") == 0)
		return cmd_top(argc, argv);
	if (strcmp(command, "audit") == 0)
		return cmd_audit(argc);
	if (strcmp(command, "explain") == 0)
		return cmd_explain(argc, argv);
	if (strcmp(command, "drops") == 0 && argc <= 2)
		return show("drops", argc == 2 ? json_pack("{s:s}", "port", argv[1]) : NULL, print_drops);
	if (strcmp(command, "workers") == 0 && argc == 2 && strcmp(argv[1], "rebalance") == 0)
		return show("rebalance", NULL, print_moved);
	if (strcmp(command, "workers") == 0)
		return cmd_simple("workers", argc, print_workers);
	if (cmd_policy(argc, argv, &code))
		return code;
	fprintf(stderr, "weftctl: there is no command \"%s\"\n", command);
	return usage(main_usage);
}

int
main(int argc, char **argv)
{
	static const struct option long_options[] = { { "socket", required_argument, NULL, 's' },
		{ "dev", required_argument, NULL, 'd' }, { "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'v' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	static char dev_socket[512];
	int c, first;

	if (getenv("WEFT_SOCKET"))
		options.socket = getenv("WEFT_SOCKET");
	while ((c = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		switch (c) {
		case 's':
			options.socket = optarg;
			break;
		case 'd':
			snprintf(dev_socket, sizeof(dev_socket), "%s/weftd.sock", optarg);
			options.socket = dev_socket;
			break;
		case 'j':
			options.json = true;
			break;
		case 'v':
			puts("weftctl " WEFT_VERSION);
			return DONE;
		case 'h':
			fputs(main_usage, stdout);
			return DONE;
		default:
			return usage(main_usage);
		}
	}
	if (optind == argc)
		return usage(main_usage);
	// Each command has options of its own: start over on what is left.
	first = optind;
	optind = 0;
	return dispatch(argc - first, argv + first);
}
