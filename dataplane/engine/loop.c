// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The worker's loop: read, run the chain, write, keep house, and sleep when nothing comes.
#include <time.h>

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include "dataplane/core/core.h"
#include "pipeline/firewall/sweep.h"
#include "pipeline/multicast/querier.h"
#include "pipeline/overlay/announce.h"
#include "pipeline/overlay/underlay.h"

// A port whose polls find nothing this often in a row is polled in turns with the other idle ones.
#define IDLE_AFTER 256
// Idle ports polled in one loop, when the last one found packets and when it did not.
#define IDLE_POLLS_BUSY 4
#define IDLE_POLLS_FREE 32
// The same when it is about to sleep: what came meanwhile must not wait for several sleeps.
#define IDLE_POLLS_SLEEPY 1024
// One vector in so many is timed stage by stage.
#define TIMED_EVERY 32
// Connections looked at in one step of the background pass, the most.
#define SWEEP_MOST 4096
// Guests are connected again so long after a restart.
#define FIRST_QUERY_S 3
// Empty loops before the first sleep, which is this long.
#define EMPTY_LOOPS    64
#define FIRST_SLEEP_US 1

// Appends what the port has to the vector. Returns how many packets.
static uint16_t
read_port(struct dp_worker *self, uint16_t slot)
{
	struct weft_portio *io = &dp.ports[slot];
	struct weft_vec *vec = &self->vec;
	struct rte_mbuf **pkts = &vec->pkts[vec->n];
	bool planned = self->own[slot].plan != NULL;
	uint16_t most = WEFT_BURST, n;
	int64_t allowed = INT64_MAX;
	uint64_t bytes = 0;

	if (unlikely(planned))
		most = dp_shape_allowed(self, slot, &allowed);
	n = likely(most) ? io->ops->rx(io, self->w.id, pkts, most, &allowed) : 0;
	for (uint16_t i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
		pkts[i]->port = slot;
		bytes += pkts[i]->pkt_len;
		vec->lanes[vec->n + i].in = slot;
	}
	vec->n += n;
	if (unlikely(planned))
		dp_shape_took(self, slot, n, bytes);
	if (n == 0)
		return 0;
	dp_unsettle(self, slot);
	self->w.stats[slot].rx += n;
	self->w.stats[slot].rx_bytes += bytes;
	return n;
}

// A port that has sent what its plan allows for now is not read until it may send more.
static void
park(struct dp_worker *self, uint16_t slot)
{
	if (dp_shape_parks(self, slot))
		dp_list_park(self, slot);
}

// Reads the active ports in turn until the vector has no room for another burst.
static void
read_active(struct dp_worker *self)
{
	uint16_t polls = self->n_active;

	while (polls-- && self->vec.n <= WEFT_VEC_SIZE - WEFT_BURST && self->n_active) {
		uint16_t pos = self->next_active < self->n_active ? self->next_active : 0, slot = self->list[pos];

		self->next_active = pos + 1;
		if (!dp_holds(self, slot))
			continue;
		if (read_port(self, slot))
			self->own[slot].empty = 0;
		else if (++self->own[slot].empty >= IDLE_AFTER)
			dp_list_idle(self, slot);
		// Where it was is the last one now. That waits for the next turn: else those that are woken up all the
		// time, and come last, would pass all the others by.
		if (unlikely(self->own[slot].plan != NULL))
			park(self, slot);
	}
}

// Before the active ones: these may fill the vector in every round.
static void
read_idle(struct dp_worker *self)
{
	uint16_t n_idle = self->n_polled - self->n_active;
	uint16_t free = self->sleepy ? IDLE_POLLS_SLEEPY : IDLE_POLLS_FREE;
	uint16_t polls = RTE_MIN(n_idle, self->loaded ? IDLE_POLLS_BUSY : free);

	while (polls-- && self->vec.n <= WEFT_VEC_SIZE - WEFT_BURST && self->n_active < self->n_polled) {
		uint16_t pos = self->next_idle, slot;

		if (pos < self->n_active || pos >= self->n_polled)
			pos = self->n_active;
		slot = self->list[pos];
		self->next_idle = pos + 1;
		if (!dp_holds(self, slot))
			continue;
		if (read_port(self, slot)) {
			self->own[slot].empty = 0;
			dp_list_activate(self, slot);
		}
		if (unlikely(self->own[slot].plan != NULL))
			park(self, slot);
	}
}

static void
run_call(struct dp_worker *self)
{
	int posted = CALL_POSTED;

	if (atomic_compare_exchange_strong(&self->call_state, &posted, CALL_RUNNING)) {
		self->call_fn(&self->w, self->call_arg);
		atomic_store_explicit(&self->call_state, CALL_DONE, memory_order_release);
	}
}

static void
adopt(struct dp_worker *self, const struct weft_snapshot *snap)
{
	uint64_t start = rte_rdtsc(), took;

	dp_adopt(self, snap);
	took = rte_rdtsc() - start;
	self->stats.adoptions++;
	self->stats.adopt_cycles += took;
	self->stats.longest_adopt = RTE_MAX(self->stats.longest_adopt, took);
}

// The whole table in about a second, and so much at once at most.
static void
sweep_sessions(struct dp_worker *self, uint64_t now)
{
	uint64_t elapsed = RTE_MIN(now - self->session_sweep, dp.hz / 10);
	uint32_t n = (uint32_t)((uint64_t)self->w.sessions->high * elapsed / dp.hz) + 1;

	self->session_sweep = now;
	weft_sessions_sweep(&self->w, RTE_MIN(n, (uint32_t)SWEEP_MOST));
}

// Every port in its turn, and all of them soon after the start: who wants what is not known then.
static void
query_groups(struct dp_worker *self)
{
	uint32_t every = self->w.groups->query_s, clock = self->w.clock;

	for (uint16_t i = 0; every && i < self->n_owned; i++)
		if (self->list[i] % every == clock % every || clock == FIRST_QUERY_S)
			weft_groups_query(&self->w, self->list[i]);
}

static void
keep_house(struct dp_worker *self, uint64_t now)
{
	const struct weft_snapshot *snap;

	// What was offered may come into force between two of these: it must not be missed in both.
	self->w.next = atomic_load_explicit(&dp.next, memory_order_acquire);
	self->w.snap = snap = atomic_load_explicit(&dp.snapshot, memory_order_acquire);
	self->w.before = atomic_load_explicit(&dp.before, memory_order_acquire);
	self->w.fenced = now >= atomic_load_explicit(&dp.fence_at, memory_order_relaxed);
	if (unlikely(snap->version != self->version))
		adopt(self, snap);
	else if (unlikely(self->n_waiting))
		dp_claim_waiting(self);
	if (unlikely(self->n_leaving))
		dp_move_sessions(self);
	if (unlikely(atomic_load_explicit(&self->call_state, memory_order_acquire) == CALL_POSTED))
		run_call(self);
	if (unlikely(now >= self->next_sweep)) {
		self->next_sweep = now + dp.hz / 1000;
		if (now >= self->next_second) {
			self->w.clock = (now - dp.start_tsc) / dp.hz;
			self->next_second = dp.start_tsc + (self->w.clock + UINT64_C(1)) * dp.hz;
			weft_underlay_sweep(&self->w);
			query_groups(self);
		}
		weft_groups_sweep(&self->w, 1);
		weft_bfd_sweep(&self->w, now);
		if (atomic_load_explicit(&dp.ports[self->w.snap->uplink].link, memory_order_relaxed))
			weft_announce_sweep(&self->w);
		weft_fdb_sweep(&self->w, self->sweep_step);
		sweep_sessions(self, now);
	}
}

// One round. Returns the number of packets that it moved.
static unsigned int
run_once(struct dp_worker *self, uint64_t now, bool timed)
{
	struct weft_vec *vec = &self->vec;
	unsigned int n = 0;
	uint64_t t0 = 0, t1 = 0, t2 = 0;

	vec->n = 0;
	vec->passed = 0;
	vec->now = now;
	if (dp.n_workers > 1) {
		dp_move_receive(self);
		n = dp_handoff_receive(self);
		n -= vec->n; // these are counted as the vector's
		dp_gossip_receive(self);
	}
	if (self->wheel->n)
		dp_shape_expire(self);
	if (timed)
		t0 = rte_rdtsc_precise();
	read_idle(self);
	read_active(self);
	self->loaded = vec->n != 0;
	if (vec->n) {
		if (timed)
			t1 = rte_rdtsc_precise();
		weft_chain_run(&self->w, vec, timed);
		if (timed)
			t2 = rte_rdtsc_precise();
	}
	dp_flush_all(&self->w);
	dp_settle(self);
	if (timed && vec->n) {
		self->stats.io_packets += vec->n;
		self->stats.io_rx_cycles += t1 - t0;
		self->stats.io_tx_cycles += rte_rdtsc_precise() - t2;
	}
	self->stats.batches += vec->n != 0;
	self->stats.packets += vec->n;
	return n + vec->n;
}

// Sleeps for US microseconds; the worker is offline for publication meanwhile.
static void
sleep_us(struct dp_worker *self, uint32_t us)
{
	struct timespec ts = { .tv_nsec = us * 1000L };
	uint64_t start = rte_rdtsc(), slept;

	rte_rcu_qsbr_thread_offline(dp.qsbr, self->w.id);
	nanosleep(&ts, NULL);
	rte_rcu_qsbr_thread_online(dp.qsbr, self->w.id);
	slept = rte_rdtsc() - start;
	self->stats.sleeps++;
	self->stats.slept_cycles += slept;
	self->stats.longest_sleep = RTE_MAX(self->stats.longest_sleep, slept);
}

int
dp_loop(void *arg)
{
	struct dp_worker *self = arg;
	uint64_t now = rte_rdtsc();
	uint32_t empty = 0, us = FIRST_SLEEP_US, batch = 0;
	uint64_t due;

	rte_rcu_qsbr_thread_online(dp.qsbr, self->w.id);
	while (!atomic_load_explicit(&dp.stop, memory_order_relaxed)) {
		uint64_t end;
		unsigned int n;

		keep_house(self, now);
		n = run_once(self, now, batch % TIMED_EVERY == 0);
		batch += n != 0;
		rte_rcu_qsbr_quiescent(dp.qsbr, self->w.id);
		self->stats.loops++;
		end = rte_rdtsc();
		self->stats.rounds[weft_round_class(end - now)]++;
		if (n) {
			self->stats.busy_loops++;
			self->stats.busy_cycles += end - now;
			empty = 0;
			us = FIRST_SLEEP_US;
			self->sleepy = false;
		} else {
			self->stats.idle_cycles += end - now;
			due = weft_wheel_next(self->wheel);
			if (dp.config.idle == WEFT_IDLE_ADAPTIVE && ++empty > EMPTY_LOOPS &&
				due > end + dp.hz / 1000000) {
				self->sleepy = true;
				sleep_us(self, RTE_MIN(us, (uint32_t)RTE_MIN((due - end) / (dp.hz / 1000000),
								   UINT64_C(1000000))));
				us = RTE_MIN(us * 2, dp.config.max_sleep_us);
				self->stats.idle_cycles += rte_rdtsc() - end;
				end = rte_rdtsc();
			}
		}
		now = end;
	}
	rte_rcu_qsbr_thread_offline(dp.qsbr, self->w.id);
	rte_rcu_qsbr_thread_unregister(dp.qsbr, self->w.id);
	return 0;
}
