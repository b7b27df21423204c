// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The firewall's rules and groups. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// The method "rules", {name}: [{rule, packets, bytes, connections, last_hit_s}] of the rules whose name contains
// params.name, or of all rules. last_hit_s is missing if no packet has matched the rule.
json_t *weft_report_rules(const json_t *params, struct weft_error *err);

// The method "group", {name}: the number of its rules, and the ports in it, on all hosts. Returns NULL with errno and
// ERR.
json_t *weft_report_group(const json_t *params, struct weft_error *err);
