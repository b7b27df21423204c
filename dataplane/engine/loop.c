// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One round reads, runs the chain, writes, and does the chores. The worker sleeps when no packet comes.
#include "loop.h"

#include <time.h>

#include <rte_cycles.h>

#include "dataplane/core/gossip.h"
#include "dataplane/core/handoff.h"
#include "dataplane/core/notify.h"
#include "dataplane/core/state.h"
#include "dataplane/shaping/shape.h"

#include "chores.h"
#include "move.h"
#include "outbox.h"
#include "read.h"

// One vector in so many is timed stage by stage.
#define TIMED_EVERY 32
// Empty rounds before the first sleep, and its length.
#define EMPTY_LOOPS    64
#define FIRST_SLEEP_US 1

// How a worker that finds no packets comes to sleep.
struct rest {
	uint32_t empty; // rounds in a row that moved nothing
	uint32_t us;	// length of the next sleep
};

// One round. Returns the number of packets that it moved.
static unsigned int
run_once(struct weft_engine_worker *self, uint64_t now, bool timed)
{
	struct weft_vec *vec = &self->vec;
	unsigned int n = 0;
	uint64_t t0 = 0, t1 = 0, t2 = 0;

	vec->n = 0;
	vec->passed = 0;
	vec->now = now;
	if (weft_engine.n_workers > 1) {
		weft_move_receive(self);
		n = weft_handoff_receive(self);
		n -= vec->n; // these count with the vector
		weft_gossip_receive(self);
	}
	if (self->shaping.wheel->n)
		weft_shape_expire(self);
	if (timed)
		t0 = rte_rdtsc_precise();
	weft_read_idle(self);
	weft_read_active(self);
	self->loaded = vec->n != 0;
	if (vec->n) {
		if (timed)
			t1 = rte_rdtsc_precise();
		weft_chain_run(&self->w, vec, timed);
		if (timed)
			t2 = rte_rdtsc_precise();
	}
	weft_outbox_flush(&self->w);
	weft_notify_ports(self);
	if (timed && vec->n) {
		self->stats.io_packets += vec->n;
		self->stats.io_rx_cycles += t1 - t0;
		self->stats.io_tx_cycles += rte_rdtsc_precise() - t2;
	}
	self->stats.batches += vec->n != 0;
	self->stats.packets += vec->n;
	return n + vec->n;
}

// Sleeps for US microseconds. Publication does not wait for the worker meanwhile.
static void
sleep_us(struct weft_engine_worker *self, uint32_t us)
{
	struct timespec ts = { .tv_nsec = us * 1000L };
	uint64_t start = rte_rdtsc(), slept;

	rte_rcu_qsbr_thread_offline(weft_engine.qsbr, self->w.id);
	nanosleep(&ts, NULL);
	rte_rcu_qsbr_thread_online(weft_engine.qsbr, self->w.id);
	slept = rte_rdtsc() - start;
	self->stats.sleeps++;
	self->stats.slept_cycles += slept;
	self->stats.longest_sleep = RTE_MAX(self->stats.longest_sleep, slept);
}

// After an empty round that began at START and ended at END: sleeps if there were enough of them and the wheel has
// nothing due before. Returns the time.
static uint64_t
rest(struct weft_engine_worker *self, struct rest *r, uint64_t start, uint64_t end)
{
	uint64_t due = weft_wheel_next(self->shaping.wheel), us;

	self->stats.idle_cycles += end - start;
	if (weft_engine.config.idle != WEFT_IDLE_ADAPTIVE || ++r->empty <= EMPTY_LOOPS ||
		due <= end + weft_engine.hz / 1000000)
		return end;
	us = RTE_MIN((due - end) / (weft_engine.hz / 1000000), UINT64_C(1000000));
	self->sleepy = true;
	sleep_us(self, RTE_MIN(r->us, (uint32_t)us));
	r->us = RTE_MIN(r->us * 2, weft_engine.config.max_sleep_us);
	self->stats.idle_cycles += rte_rdtsc() - end;
	return rte_rdtsc();
}

int
weft_loop_run(void *arg)
{
	struct weft_engine_worker *self = arg;
	struct rest r = { .us = FIRST_SLEEP_US };
	uint64_t now = rte_rdtsc();
	uint32_t batch = 0;

	rte_rcu_qsbr_thread_online(weft_engine.qsbr, self->w.id);
	while (!atomic_load_explicit(&weft_engine.stop, memory_order_relaxed)) {
		uint64_t end;
		unsigned int n;

		weft_chores_run(self, now);
		n = run_once(self, now, batch % TIMED_EVERY == 0);
		batch += n != 0;
		rte_rcu_qsbr_quiescent(weft_engine.qsbr, self->w.id);
		self->stats.loops++;
		end = rte_rdtsc();
		self->stats.rounds[weft_round_class(end - now)]++;
		if (n) {
			self->stats.busy_loops++;
			self->stats.busy_cycles += end - now;
			r = (struct rest){ .us = FIRST_SLEEP_US };
			self->sleepy = false;
		} else {
			end = rest(self, &r, now, end);
		}
		now = end;
	}
	rte_rcu_qsbr_thread_offline(weft_engine.qsbr, self->w.id);
	rte_rcu_qsbr_thread_unregister(weft_engine.qsbr, self->w.id);
	return 0;
}
