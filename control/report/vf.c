// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "vf.h"

#include "weft/clock.h"

#include "control/state/state.h"
#include "control/vf/enforcement.h"

#define MAX_VFS 1024

// The counters of one PF's VFs. They are read at most once a second, because some drivers ask their firmware for each
// VF.
static struct {
	unsigned int ifindex; // of the PF
	uint64_t us;	      // when they were read
	unsigned int n;
	struct weft_vf vf[MAX_VFS];
} counted;

static void
add_vf(void *arg, const struct weft_vf *vf)
{
	(void)arg;
	if (counted.n < MAX_VFS)
		counted.vf[counted.n++] = *vf;
}

static const struct weft_vf *
counted_of(unsigned int ifindex, unsigned int index)
{
	if (counted.ifindex != ifindex || weft_clock_wall_us() - counted.us > 1000000) {
		counted.ifindex = ifindex;
		counted.us = weft_clock_wall_us();
		counted.n = 0;
		weft_vf_each(weft_enforcement_socket(), ifindex, true, add_vf, NULL);
	}
	for (unsigned int i = 0; i < counted.n; i++)
		if (counted.vf[i].index == index && counted.vf[i].has_stats)
			return &counted.vf[i];
	return NULL;
}

json_t *
weft_report_vf_counters(const struct weft_port *port)
{
	const struct weft_assignment *a = weft_assignment_find(port->o.path);
	const struct weft_vf *vf = a ? counted_of(a->pf.ifindex, a->want.index) : NULL;

	if (vf == NULL)
		return json_object();
	// A port receives what the VF sends.
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "rx_packets", (json_int_t)vf->stats.tx_packets, "rx_bytes",
		(json_int_t)vf->stats.tx_bytes, "tx_packets", (json_int_t)vf->stats.rx_packets, "tx_bytes",
		(json_int_t)vf->stats.rx_bytes, "dropped", (json_int_t)(vf->stats.rx_dropped + vf->stats.tx_dropped));
}

json_t *
weft_report_vf(const struct weft_port *port)
{
	const struct weft_assignment *a = weft_assignment_find(port->o.path);
	struct weft_projection projection;
	struct weft_error err;
	json_t *json;

	if (a == NULL || weft_project(weft_ctl.local.model, port, &a->pf, &projection, &err))
		return NULL;
	json = json_pack("{s:s, s:s, s:s, s:i, s:s, s:I, s:i, s:o}", "address", a->vf.address, "pf", a->pf.interface,
		"driver", a->pf.driver, "index", (int)a->want.index, "use", a->polled ? "polled" : "passthrough",
		"repaired", (json_int_t)a->repaired, "not_enforced", (int)projection.n_missing, "enforced",
		projection.rows);
	if (a->error[0])
		json_object_set_new(json, "error", json_string(a->error));
	return json;
}
