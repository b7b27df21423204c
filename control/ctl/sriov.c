// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The host's PFs and VFs.
#include "sriov.h"

#include <string.h>

#include "client.h"
#include "object.h"
#include "print_sriov.h"

static int
create(int argc, char **argv)
{
	if (argc != 3)
		return USAGE;
	return ctl_show(
		"create_functions", json_pack("{s:s, s:o}", "pf", argv[1], "count", object_typed(argv[2])), print_pf);
}

#define PF_NOTES "PF is an interface or a PCI address.\n"

static const struct ctl_command commands[] = {
	{ "list", .help = "list the PFs and VFs, and why weft cannot poll some of them", .method = "functions",
		.print = print_functions },
	{ "show", "PF", .help = "show a PF, its VFs, and what it can enforce", .notes = PF_NOTES, .method = "function",
		.param = "pf", .print = print_pf },
	{ "create", "PF COUNT", .help = "make COUNT VFs, without drivers", .notes = PF_NOTES, .run = create },
	{ "destroy", "PF", .help = "remove the VFs that weft has made", .notes = PF_NOTES,
		.method = "destroy_functions", .param = "pf", .print = print_pf },
	{ 0 },
};

const struct ctl_command sriov_commands[] = {
	{ "sriov", .help = "the host's PFs and VFs", .commands = commands },
	{ 0 },
};
