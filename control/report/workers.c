// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "workers.h"

#include "weft/engine.h"

#include "control/state/state.h"

static json_t *
stage_report(const struct weft_stage_stats *stages)
{
	json_t *result = json_array();

	for (unsigned int i = 0; i < WEFT_N_STAGES; i++)
		json_array_append_new(result,
			json_pack("{s:s, s:I, s:I, s:f}", "stage", weft_chain[i].name, "vectors", stages[i].vectors,
				"packets", stages[i].lanes, "cycles_per_packet",
				stages[i].timed_lanes ? (double)stages[i].cycles / stages[i].timed_lanes : 0.0));
	return result;
}

// Rounds by their duration, as [[us, rounds], ...]: so many rounds took at most US microseconds, and more than those of
// the entry before.
static json_t *
rounds_report(const struct weft_worker_stats *s, double us)
{
	json_t *rows = json_array();

	for (unsigned int i = 8; i < WEFT_N_ROUND_CLASSES; i++)
		if (s->rounds[i])
			json_array_append_new(
				rows, json_pack("[f, I]", weft_round_class_end(i) / us, (json_int_t)s->rounds[i]));
	return rows;
}

static double
per_packet(uint64_t cycles, uint64_t packets)
{
	return packets ? (double)cycles / packets : 0.0;
}

json_t *
weft_report_workers(const json_t *params, struct weft_error *err)
{
	json_t *workers = json_array();
	double us = weft_ctl.local.tsc_hz / 1e6;

	(void)params, (void)err;
	for (uint16_t w = 0; w < weft_engine_n_workers(); w++) {
		struct weft_stage_stats stages[WEFT_N_STAGES];
		struct weft_worker_stats s;
		unsigned int n_ports = 0;
		uint32_t n_groups;
		uint64_t refused;
		json_t *row;

		weft_engine_worker_stats(w, &s, stages);
		for (unsigned int i = 1; i < WEFT_MAX_PORTS; i++)
			n_ports += weft_ctl.local.placement->place[i].path[0] &&
				   weft_ctl.local.placement->place[i].owner == w;
		row = json_pack("{s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "worker", w, "cpu",
			weft_engine_worker_lcore(w), "ports", n_ports, "packets", s.packets, "batches", s.batches,
			"busy_cycles", s.busy_cycles, "idle_cycles", s.idle_cycles, "sleeps", s.sleeps, "loops",
			s.loops, "longest_sleep_us", s.longest_sleep / us, "mean_sleep_us",
			s.sleeps ? s.slept_cycles / us / s.sleeps : 0.0);
		json_object_set_new(row, "tsc_hz", json_integer(weft_ctl.local.tsc_hz));
		json_object_set_new(row, "cycles_per_packet", json_real(per_packet(s.busy_cycles, s.packets)));
		json_object_set_new(row, "timed_packets", json_integer((json_int_t)s.io_packets));
		json_object_set_new(row, "rx_cycles_per_packet", json_real(per_packet(s.io_rx_cycles, s.io_packets)));
		json_object_set_new(row, "tx_cycles_per_packet", json_real(per_packet(s.io_tx_cycles, s.io_packets)));
		json_object_set_new(row, "adoptions", json_integer(s.adoptions));
		json_object_set_new(
			row, "mean_adopt_us", json_real(s.adoptions ? s.adopt_cycles / us / s.adoptions : 0));
		json_object_set_new(row, "longest_adopt_us", json_real(s.longest_adopt / us));
		weft_engine_group_counts(w, &n_groups, &refused);
		json_object_set_new(row, "multicast_entries", json_integer(n_groups));
		json_object_set_new(row, "multicast_refused", json_integer((json_int_t)refused));
		json_object_set_new(row, "rounds", rounds_report(&s, us));
		json_object_set_new(row, "stages", stage_report(stages));
		json_array_append_new(workers, row);
	}
	return workers;
}
