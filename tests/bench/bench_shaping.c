// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Plans in one process: the real engine with one worker on CPU 1, and ports that always have something to send.
//   bench_shaping rate BITS     one port with that plan: what it got, between its first departure and its last
//   bench_shaping ports N       N ports with plans that together are what the worker does without: what it does then
//   bench_shaping lateness N    N ports of 1 to 10 Mbit/s: how late after its time each frame left
//   bench_shaping step N        the same, but with ten rates that all come in step every 8 ms
//   bench_shaping machine       how late a loop would be that only looks at the clock: the machine's own part of that
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <rte_cycles.h>
#include <rte_malloc.h>

#include "dataplane/core/state.h"
#include "weft/clock.h"
#include "tests/harness/eal.h"

#define SINK	     1
#define FIRST	     2 // slot of the first source
#define N_MBUFS	     16383
#define FRAME	     (WEFT_MTU_DEFAULT + 22)
#define MAC	     UINT64_C(0x525400000001)
#define BIN_NS	     100 // of lateness
#define BINS	     1000000
#define WINDOW_US    200000
#define TURNS	     15
#define LATENESS_LEN 1000

// A port that sends frames of one length, and keeps a timetable of its own.
struct source {
	uint32_t len;
	bool watched;
	double per_byte; // TSC cycles
	double depth;
	double theory;			   // when the next frame may leave
	uint64_t first, last, sum, latest; // departures, and bytes of all and of the last
};

static struct source source[WEFT_MAX_PORTS];
static struct weft_port_plan plan[WEFT_MAX_PORTS];
static struct weft_port_page pages[2][WEFT_PORT_PAGES];
static struct weft_domain_page domains;
static struct weft_snapshot snaps[2];
static uint32_t late[BINS + 1];
static uint64_t sent, early, version;
static _Atomic bool count_lateness;

static void
depart(struct source *s, uint64_t now, uint16_t n)
{
	if (s->first)
		s->sum += s->latest;
	else
		s->first = now;
	s->last = now;
	s->latest = (uint64_t)n * s->len;
	for (uint16_t i = 0; i < n; i++) {
		double wait;

		if (s->theory == 0)
			s->theory = weft_engine.workers[0]->vec.now; // a plan begins with nothing saved up
		if (s->theory < now - s->depth)
			s->theory = now - s->depth;
		wait = (now - s->theory) * 1e9 / (double)weft_engine.hz;
		if (atomic_load_explicit(&count_lateness, memory_order_relaxed)) {
			early += wait < -1;
			late[wait < 0 ? 0 : RTE_MIN((uint64_t)wait / BIN_NS, (uint64_t)BINS)]++;
		}
		s->theory += s->len * s->per_byte;
	}
}

static uint16_t
source_rx(struct weft_portio *io, uint16_t worker __rte_unused, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	struct source *s = &source[io->slot];
	uint16_t got = 0;

	if (s->len == 0)
		return 0;
	for (int64_t left = *bytes; got < n && left > 0; left -= s->len)
		got++;
	if (rte_mempool_get_bulk(weft_engine.pool, (void **)pkts, got))
		return 0;
	for (uint16_t i = 0; i < got; i++)
		pkts[i]->data_len = (uint16_t)(pkts[i]->pkt_len = s->len);
	*bytes -= (int64_t)got * s->len;
	if (s->watched && got)
		depart(s, rte_rdtsc(), got);
	return got;
}

static uint16_t
sink_rx(struct weft_portio *io __rte_unused, uint16_t worker __rte_unused, struct rte_mbuf **pkts __rte_unused,
	uint16_t n __rte_unused, int64_t *bytes __rte_unused)
{
	return 0;
}

static uint16_t
sink_tx(struct weft_portio *io __rte_unused, uint16_t worker __rte_unused, struct rte_mbuf **pkts, uint16_t n)
{
	rte_mempool_put_bulk(weft_engine.pool, (void **)pkts, n);
	sent += n;
	return n;
}

static void
no_close(struct weft_portio *io __rte_unused)
{
}

static const struct weft_io_ops source_ops = { .rx = source_rx, .tx = sink_tx, .close = no_close };
static const struct weft_io_ops sink_ops = { .rx = sink_rx, .tx = sink_tx, .close = no_close };

static void
keep(struct weft_snapshot *snap __rte_unused)
{
}

static void
settle(void)
{
	while (weft_engine_poll() || !weft_engine_settled(version))
		usleep(100);
}

// N sources, with their plans or without.
static void
publish(unsigned int n, bool planned)
{
	unsigned int which = ++version % 2;
	struct weft_snapshot *snap = &snaps[which];

	weft_snapshot_blank(snap);
	snap->version = version;
	snap->static_macs = weft_engine_snapshot()->static_macs;
	snap->domain_page[0] = &domains;
	for (unsigned int i = 0; i < WEFT_PORT_PAGES; i++) {
		snap->port_page[i] = &pages[which][i];
		snap->port_version[i] = version;
	}
	for (unsigned int slot = SINK; slot < FIRST + n; slot++)
		pages[which][slot / WEFT_PAGE].port[slot % WEFT_PAGE] = (struct weft_port_conf){ .gen = 1,
			.native = 1,
			.tpid = 0x8100,
			.mtu = WEFT_MTU_DEFAULT,
			.up = true,
			.name = "bench/port",
			.plan = planned && slot >= FIRST ? &plan[slot] : NULL };
	weft_engine_publish(snap, keep);
	settle();
}

static void
set_plan(unsigned int slot, double bits, uint32_t len, bool watched)
{
	uint64_t burst = RTE_MAX((uint64_t)(bits / 8 / 50), UINT64_C(2) * FRAME);
	struct source *s = &source[slot];

	plan[slot].from_vm.rate = weft_byte_rate((uint64_t)bits, (uint32_t)burst, FRAME, weft_engine.hz);
	s->per_byte = weft_engine.hz * 8 / bits;
	s->depth = (double)(burst - FRAME) * s->per_byte;
	s->len = len;
	s->watched = watched;
}

static void
fill(struct rte_mempool *pool __rte_unused, void *arg __rte_unused, void *object, unsigned int i __rte_unused)
{
	static const uint8_t head[] = { 0x52, 0x54, 0, 0, 0, 1, 0x52, 0x54, 0, 0, 0, 2, 0x88, 0xb5 };
	struct rte_mbuf *m = object;

	rte_pktmbuf_reset(m);
	m->pkt_len = m->data_len = 60;
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), head, sizeof(head));
}

static int
start(void)
{
	const struct weft_engine_config config = { .n_workers = 1,
		.idle = WEFT_IDLE_BUSY,
		.n_mbufs = N_MBUFS,
		.fdb_size = 1024,
		.fdb_age_s = 300,
		.sessions = 1024,
		.fragments = 64 };
	struct weft_error err = { "" };
	uint64_t key = weft_mac_key(1, MAC);
	struct weft_mactab *macs;

	if (EAL_START("--no-huge", "-m512", "--lcores=0@0,1@1", "--log-level=*:error") < 0 ||
		weft_engine_start(&config, &err)) {
		fprintf(stderr, "bench_shaping: %s\n", err.text);
		return -1;
	}
	rte_mempool_obj_iter(weft_engine.pool, fill, NULL);
	for (unsigned int slot = SINK; slot < WEFT_MAX_PORTS; slot++) {
		weft_engine.ports[slot].ops = slot == SINK ? &sink_ops : &source_ops;
		weft_engine.ports[slot].pool = weft_engine.pool;
		atomic_store(&weft_engine.ports[slot].link, true);
	}
	version = weft_engine_snapshot()->version;
	macs = &((struct weft_snapshot *)(uintptr_t)weft_engine_snapshot())->static_macs;
	*weft_mactab_free_way(macs, key) = (struct weft_mac_entry){ .key = key, .port = SINK, .gen = 1 };
	return 0;
}

static int
bench_rate(double bits)
{
	uint32_t len = bits < 1e6 ? 100 : 1000;
	struct source *s = &source[FIRST];
	unsigned int seconds = bits < 1e6 ? 5 : 2;

	set_plan(FIRST, bits, len, true);
	publish(1, true);
	usleep(300000);
	// From here on: the worker writes these, and begins anew when it finds 0.
	s->sum = s->latest = 0;
	s->first = 0;
	sleep(seconds);
	printf("{\"error_percent\": %.5f, \"seconds\": %.3f}\n",
		((double)s->sum * 8 / ((double)(s->last - s->first) / weft_engine.hz) / bits - 1) * 100,
		(double)(s->last - s->first) / weft_engine.hz);
	return 0;
}

// Frames a second, and busy cycles for each, over a window.
static void
window(double *rate, double *cycles)
{
	const struct weft_engine_worker *w = weft_engine.workers[0];
	uint64_t start = rte_rdtsc(), before = *(volatile uint64_t *)&sent,
		 busy = *(const volatile uint64_t *)&w->stats.busy_cycles;

	usleep(WINDOW_US);
	*rate = (double)(*(volatile uint64_t *)&sent - before) / (double)(rte_rdtsc() - start) * weft_engine.hz;
	*cycles = (double)(*(const volatile uint64_t *)&w->stats.busy_cycles - busy) /
		  (double)(*(volatile uint64_t *)&sent - before);
}

static int
bench_ports(unsigned int n)
{
	json_t *rows = json_array();

	for (unsigned int slot = FIRST; slot < FIRST + n; slot++)
		source[slot].len = 64;
	for (unsigned int turn = 0; turn < TURNS; turn++) {
		double rate[2], cycles[2];

		publish(n, false);
		usleep(WINDOW_US / 4);
		window(&rate[0], &cycles[0]);
		for (unsigned int slot = FIRST; slot < FIRST + n; slot++)
			set_plan(slot, rate[0] * 64 * 8 / n, 64, false);
		publish(n, true);
		usleep(WINDOW_US / 4);
		window(&rate[1], &cycles[1]);
		json_array_append_new(rows, json_pack("{s:f, s:f, s:f, s:f}", "unshaped_pps", rate[0], "shaped_pps",
						    rate[1], "unshaped_cycles", cycles[0], "shaped_cycles", cycles[1]));
	}
	json_dumpf(rows, stdout, JSON_COMPACT);
	putchar('\n');
	return 0;
}

static double
quantile(uint64_t n, double part)
{
	uint64_t seen = 0;

	for (unsigned int i = 0; i <= BINS; i++)
		if ((seen += late[i]) >= part * n)
			return (i + 1) * (BIN_NS / 1e3);
	return 0;
}

static json_t *
quantiles(void)
{
	uint64_t frames = 0;

	for (unsigned int i = 0; i <= BINS; i++)
		frames += late[i];
	return json_pack("{s:I, s:I, s:f, s:f, s:f}", "frames", (json_int_t)frames, "early", (json_int_t)early,
		"p50_us", quantile(frames, 0.5), "p99_us", quantile(frames, 0.99), "p999_us", quantile(frames, 0.999));
}

// Windows of a loop on CPU 1 that looks at the clock: what is due in a gap is late by what is left of it.
static int
bench_machine(void)
{
	json_t *rows = json_array();
	cpu_set_t set;
	double hz = 0;

	CPU_ZERO(&set);
	CPU_SET(1, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return 1;
	for (unsigned int i = 0; i <= TURNS; i++) {
		uint64_t start = rte_rdtsc(), last = start, now, from = weft_clock_ns(), to;

		memset(late, 0, sizeof(late));
		do {
			now = rte_rdtsc();
			// One thing is due every 100 ns.
			for (uint64_t due = hz ? last : now; due < now; due += (uint64_t)(hz / 1e7))
				late[RTE_MIN((uint64_t)((now - due) * 1e9 / hz) / BIN_NS, (uint64_t)BINS)]++;
			last = now;
			to = weft_clock_ns();
		} while ((to - from) / 1000 < WINDOW_US);
		if (hz)
			json_array_append_new(rows, quantiles());
		hz = (double)(now - start) / ((to - from) / 1e9);
	}
	json_dumpf(rows, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	return 0;
}

static int
bench_lateness(unsigned int n, bool step)
{
	json_t *rows = json_array();
	uint64_t seed = 1;

	for (unsigned int i = 0; i < n; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		set_plan(FIRST + i, 1e6 * (1 + (step ? i % 10 : 9 * (double)(seed >> 32) / UINT32_MAX)), LATENESS_LEN,
			true);
	}
	publish(n, true);
	sleep(1);
	for (unsigned int i = 0; i < TURNS; i++) {
		memset(late, 0, sizeof(late));
		atomic_store(&count_lateness, true);
		usleep(WINDOW_US);
		atomic_store(&count_lateness, false);
		usleep(1000);
		json_array_append_new(rows, quantiles());
	}
	json_dumpf(rows, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	return 0;
}

int
main(int argc, char **argv)
{
	double number = argc == 3 ? strtod(argv[2], NULL) : 0;
	int ret;

	if (argc == 2 && strcmp(argv[1], "machine") == 0)
		return bench_machine();

	if (number < 1 || start()) {
		fprintf(stderr, "usage: bench_shaping rate BITS | ports N | lateness N | step N | machine\n");
		return 1;
	}
	if (strcmp(argv[1], "rate") == 0)
		ret = bench_rate(number);
	else if (strcmp(argv[1], "ports") == 0)
		ret = bench_ports((unsigned int)number);
	else
		ret = bench_lateness((unsigned int)number, strcmp(argv[1], "step") == 0);
	fflush(stdout);
	_exit(ret);
}
