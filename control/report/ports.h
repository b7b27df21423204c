// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftd's status, its ports, workers, drops and counters, as JSON: results of the methods that read. Control thread.
#pragma once

#include "control/policy/model.h"

json_t *weft_report_status(void);
json_t *weft_report_ports(const json_t *params); // a list, or with params.limit {ports, next}
json_t *weft_report_port(const struct weft_port *port);
json_t *weft_report_workers(void);
json_t *weft_report_drops(const char *port); // NULL: of all ports
json_t *weft_report_audit(struct weft_error *err);
json_t *weft_report_fdb(void);
