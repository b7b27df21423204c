// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "rule_log.h"

#include <arpa/inet.h>

#include "weft/engine.h"

#include "control/compile/rulebook.h"
#include "select.h"

static void
log_entry(void *arg, const struct weft_rule_log_entry *entry)
{
	static const char *const actions[] = { "allow", "deny", "reject" };
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	int family = entry->v6 ? AF_INET6 : AF_INET;

	(void)arg;
	inet_ntop(family, entry->addr[0], from, sizeof(from));
	inet_ntop(family, entry->addr[1], to, sizeof(to));
	WEFT_LOG(INFO,
		"event=rule action=%s rule=\"%s\" from=%s to=%s protocol=%u source=%s source_port=%u destination=%s "
		"destination_port=%u",
		actions[entry->action], weft_rulebook_name(entry->counter), weft_select_slot_name(entry->port[0]),
		weft_select_slot_name(entry->port[1]), entry->proto, from, entry->l4[0], to, entry->l4[1]);
}

void
weft_rule_log_flush(void)
{
	weft_engine_rule_log(log_entry, NULL);
}
