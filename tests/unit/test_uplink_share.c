// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports that share an uplink, on a virtual clock and over two workers: everyone gets its guarantee, the rest goes by
// weight whatever the frames are, what one does not need is the others', and together it is never more than the link.
#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "dataplane/core/poll_list.h"
#include "dataplane/core/state.h"
#include "dataplane/shaping/shape.h"
#include "dataplane/shaping/shaper.h"
#include "fixture.h"

#define HZ	UINT64_C(2500000000)
#define LINK	UINT64_C(1000000000)
#define FRAME	1522
#define BURST	131072
#define WORKERS 2
#define STEP	(HZ / 1000000 * 2) // a round
#define MOST	16

// A VM: how it sends, and what comes of it.
struct vm {
	uint32_t weight;
	uint64_t least;
	uint32_t frame;
	uint64_t wants; // bits per second; 0: all that it can
	bool local;	// none of it goes to the uplink
	uint64_t sent;
	uint64_t sending; // bytes that are on their way to the uplink
	struct weft_port_plan plan;
	struct weft_port_conf conf;
};

static struct vm vms[MOST];
static struct weft_engine_worker *workers[WORKERS];
static uint64_t start, now;

static struct weft_engine_worker *
new_worker(uint16_t id)
{
	struct weft_engine_worker *w = rte_zmalloc(NULL, sizeof(*w), RTE_CACHE_LINE_SIZE);

	w->w.id = id;
	w->own = rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(w->own[0]), RTE_CACHE_LINE_SIZE);
	w->shaping.place = rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(w->shaping.place[0]), RTE_CACHE_LINE_SIZE);
	w->poll.slot = rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(w->poll.slot[0]), RTE_CACHE_LINE_SIZE);
	w->shaping.queue = rte_zmalloc(NULL, WEFT_N_BUCKETS * sizeof(w->shaping.queue[0]), RTE_CACHE_LINE_SIZE);
	w->shaping.wheel = weft_wheel_new(WEFT_WHEEL_SIZE, now);
	w->shares_uplink = true;
	return w;
}

static void
free_worker(struct weft_engine_worker *w)
{
	weft_wheel_free(w->shaping.wheel);
	rte_free(w->shaping.queue);
	rte_free(w->poll.slot);
	rte_free(w->shaping.place);
	rte_free(w->own);
	rte_free(w);
}

static void
begin(unsigned int n)
{
	struct weft_bucket_rate rate = { .now = weft_byte_rate(LINK, BURST, FRAME, HZ) };

	start = now = (UINT64_C(1) << 52) + rte_rdtsc();
	assert_int_equal(weft_engine_set_bucket(WEFT_BUCKET_UPLINK, &rate), 0);
	atomic_store(&weft_shared_buckets[WEFT_BUCKET_UPLINK].spent, now);
	for (uint16_t i = 0; i < WORKERS; i++)
		workers[i] = new_worker(i);
	for (uint16_t i = 0; i < n; i++) {
		struct weft_engine_worker *self = workers[i % WORKERS];
		struct vm *vm = &vms[i];

		vm->plan.turn = vm->weight * WEFT_WEIGHT_BYTES;
		if (vm->least)
			vm->plan.least = weft_byte_rate(
				vm->least, RTE_MAX((uint32_t)(vm->least / 8 / 50), 2u * FRAME), FRAME, HZ);
		vm->conf = (struct weft_port_conf){ .gen = (uint16_t)(1 + rte_rand_max(60000)),
			.owner = i % WORKERS,
			.plan = &vm->plan,
			.tagging = WEFT_TAG_ACCESS };
		self->vec.now = now;
		self->own[1 + i].gen = self->own[1 + i].token = vm->conf.gen;
		weft_poll_list_add(self, 1 + i);
		weft_shape_adopt(self, 1 + i, &vm->conf);
	}
}

static void
end(unsigned int n)
{
	for (uint16_t i = 0; i < WORKERS; i++)
		free_worker(workers[i]);
	memset(vms, 0, n * sizeof(vms[0]));
}

// Reads the port once, as the worker's loop does.
static void
visit(struct weft_engine_worker *self, uint16_t slot)
{
	struct vm *vm = &vms[slot - 1];
	int64_t bytes;
	uint16_t most, n = 0;
	uint64_t read = 0, has = UINT64_MAX;

	if (vm->wants)
		has = (uint64_t)((unsigned __int128)(now - start) * vm->wants / 8 / HZ) -
		      RTE_MIN(vm->sent, (uint64_t)((unsigned __int128)(now - start) * vm->wants / 8 / HZ));
	most = weft_shape_allowed(self, slot, &bytes);
	for (; n < most && bytes > 0 && read + vm->frame <= has; n++) {
		bytes -= vm->frame;
		read += vm->frame;
	}
	weft_shape_charge(self, slot, n, read);
	vm->sent += read;
	vm->sending += vm->local ? 0 : read;
	if (weft_shape_park(self, slot))
		weft_poll_list_park(self, slot);
}

// A round of a worker. What it has read arrives at the uplink's worker, the first, in that one's round.
static void
round_of(uint16_t w, unsigned int n)
{
	struct weft_engine_worker *self = workers[w];

	self->vec.now = now;
	if (self->shaping.wheel->n)
		weft_shape_expire(self);
	for (uint16_t i = self->poll.n_polled; i-- > 0;)
		if (i < self->poll.n_polled)
			visit(self, self->poll.slot[i]);
	for (unsigned int i = 0; w == 0 && i < n; i++) {
		atomic_fetch_add(&weft_engine.owed[1 + i].bytes, (int64_t)vms[i].sending);
		vms[i].sending = 0;
	}
}

static void
run(unsigned int n, uint64_t cycles)
{
	for (uint64_t until = now + cycles; now < until; now += STEP / WORKERS)
		round_of((uint16_t)(now / (STEP / WORKERS) % WORKERS), n);
}

// Bits per second that VM gets in CYCLES from now on.
static void
measure(unsigned int n, uint64_t cycles, double *bits)
{
	uint64_t before[MOST];

	run(n, HZ / 20);
	for (unsigned int i = 0; i < n; i++)
		before[i] = vms[i].sent;
	run(n, cycles);
	for (unsigned int i = 0; i < n; i++)
		bits[i] = (double)(vms[i].sent - before[i]) * 8 * HZ / cycles;
}

static void
assert_near(double got, double want)
{
	if (got < want * 0.97 || got > want * 1.03)
		fail_msg("%.1f Mbit/s where %.1f are right", got / 1e6, want / 1e6);
}

static void
rest_goes_by_weight_whatever_the_frames(void **state)
{
	static const struct vm set[] = { { 100, 0, 1514 }, { 100, 0, 64 }, { 200, 0, 300 }, { 50, 0, 1514 },
		{ 10, 0, 1514 }, { 500, 0, 1514 } };
	double bits[RTE_DIM(set)], sum = 0;

	(void)state;
	memcpy(vms, set, sizeof(set));
	begin(RTE_DIM(set));
	measure(RTE_DIM(set), HZ / 4, bits);
	for (unsigned int i = 0; i < RTE_DIM(set); i++) {
		assert_near(bits[i], (double)LINK * set[i].weight / 960);
		sum += bits[i];
	}
	assert_near(sum, (double)LINK);
	end(RTE_DIM(set));
}

static void
guarantees_are_met_and_the_rest_goes_by_weight(void **state)
{
	static const struct vm set[] = { { 100, 300000000, 1514 }, { 100, 100000000, 200 }, { 100, 0, 1514 },
		{ 200, 0, 64 }, { 50, 0, 1514 }, { 100, 0, 700 }, { 50, 1000000, 1514 } };
	double bits[RTE_DIM(set)], rest = (double)(LINK - 401000000) / 700;

	(void)state;
	memcpy(vms, set, sizeof(set));
	begin(RTE_DIM(set));
	measure(RTE_DIM(set), HZ / 4, bits);
	for (unsigned int i = 0; i < RTE_DIM(set); i++)
		assert_near(bits[i], set[i].least + rest * set[i].weight);
	end(RTE_DIM(set));
}

// Others' turns take longer than a guarantee saves up.
static void
guarantee_does_not_wait_for_turns(void **state)
{
	double bits[8];

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bits); i++)
		vms[i] = (struct vm){ .weight = 10000, .frame = 1514 };
	vms[0] = (struct vm){ .weight = 1, .least = 10000000, .frame = 1514 };
	begin(RTE_DIM(bits));
	measure(RTE_DIM(bits), HZ / 2, bits);
	assert_near(bits[0], 10e6);
	end(RTE_DIM(bits));
}

// Guarantees that are not used, and small wants; and a guarantee among many that want all.
static void
what_is_not_needed_is_lent(void **state)
{
	static const struct vm set[] = { { 100, 600000000, 1514, 10000000 }, { 100, 200000000, 1514 },
		{ 100, 0, 500, 50000000 }, { 100, 0, 1514 }, { 1, 90000000, 120, 80000000 } };
	double bits[RTE_DIM(set)], rest = (double)(LINK - 10000000 - 200000000 - 50000000 - 80000000) / 2;

	(void)state;
	memcpy(vms, set, sizeof(set));
	begin(RTE_DIM(set));
	measure(RTE_DIM(set), HZ / 4, bits);
	assert_near(bits[0], 10e6);
	assert_near(bits[1], 200e6 + rest);
	assert_near(bits[2], 50e6);
	assert_near(bits[3], rest);
	assert_near(bits[4], 80e6);
	end(RTE_DIM(set));
}

// Whoever sends to other VMs only is not held up; and a lone port has the link.
static void
others_are_not_held_up(void **state)
{
	struct vm set[] = { { 100, 0, 1514 }, { 100, 0, 1514 },
		{ .weight = 1, .frame = 1514, .wants = 20000000000, .local = true } };
	double bits[RTE_DIM(set)];

	(void)state;
	memcpy(vms, set, sizeof(set));
	begin(RTE_DIM(set));
	measure(RTE_DIM(set), HZ / 10, bits);
	assert_near(bits[0], LINK / 2.0);
	assert_near(bits[2], 20e9);
	end(RTE_DIM(set));
	set[0].weight = 1;
	memcpy(vms, set, sizeof(set[0]));
	begin(1);
	measure(1, HZ / 10, bits);
	assert_near(bits[0], (double)LINK);
	end(1);
}

// Ports that come and go at random: in no time more than the link and a burst, and a turn or a vector of each.
static void
no_window_holds_more_than_the_link(void **state)
{
	static uint64_t sums[5000];
	uint64_t turns = 0;

	(void)state;
	for (unsigned int i = 0; i < MOST; i++) {
		vms[i] = (struct vm){ .weight = 1 + (uint32_t)rte_rand_max(300),
			.frame = 64 + (uint32_t)rte_rand_max(1450),
			.least = rte_rand_max(2) ? 0 : rte_rand_max(LINK / MOST),
			.wants = 1 };
		turns += RTE_MAX(vms[i].weight * WEFT_WEIGHT_BYTES, (uint32_t)WEFT_BURST * FRAME) + FRAME;
	}
	begin(MOST);
	for (unsigned int k = 0; k < RTE_DIM(sums); k++) {
		struct vm *vm = &vms[rte_rand_max(MOST)];

		vm->wants = rte_rand_max(3) ? 0 : 1 + rte_rand_max(LINK);
		run(MOST, HZ / 10000);
		for (unsigned int i = 0; i < MOST; i++)
			sums[k] += vms[i].sent;
	}
	for (unsigned int i = 0; i < RTE_DIM(sums); i++)
		for (unsigned int k = i + 1; k < RTE_DIM(sums) && k < i + 300; k++)
			assert_true((double)(sums[k] - sums[i]) <= (double)LINK / 8 / 10000 * (k - i) + BURST + turns);
	// Some always want more than there is.
	assert_true((double)sums[RTE_DIM(sums) - 1] > (double)LINK / 8 / 10000 * RTE_DIM(sums) * 0.97);
	end(MOST);
}

static int
setup(void **state)
{
	(void)state;
	fixture_eal();
	weft_engine.qsbr = rte_zmalloc(NULL, rte_rcu_qsbr_get_memsize(1), RTE_CACHE_LINE_SIZE);
	weft_engine.n_workers = WORKERS;
	weft_engine.hz = HZ;
	assert_non_null(weft_engine.qsbr);
	return rte_rcu_qsbr_init(weft_engine.qsbr, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rest_goes_by_weight_whatever_the_frames),
		cmocka_unit_test(guarantees_are_met_and_the_rest_goes_by_weight),
		cmocka_unit_test(guarantee_does_not_wait_for_turns),
		cmocka_unit_test(what_is_not_needed_is_lent),
		cmocka_unit_test(others_are_not_held_up),
		cmocka_unit_test(no_window_holds_more_than_the_link),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
