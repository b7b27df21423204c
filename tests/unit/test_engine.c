// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The real engine: two workers, null devices, snapshots that change under them.
#include <unistd.h>

#include <rte_lcore.h>
#include <rte_malloc.h>

#include "dataplane/core/state.h"
#include "engine.h"
#include "policy.h"

static struct weft_placement placement;
static uint64_t version;
static unsigned int n_closed, n_retired;

static void
closed(void *arg, uint16_t slot)
{
	(void)arg;
	(void)slot;
	n_closed++;
}

static void
retire(struct weft_snapshot *snap)
{
	n_retired++;
	weft_snapshot_free(snap);
}

static void
settle(void)
{
	for (unsigned int i = 0; i < 20000 && weft_engine_poll(); i++)
		usleep(100);
	assert_int_equal(weft_engine_poll(), 0);
	assert_true(weft_engine_settled(version));
}

struct publication {
	struct weft_build *build;
	const struct weft_model *model;
};

static void
build_port(void *arg, const struct weft_port *port)
{
	const struct publication *p = arg;
	struct weft_error err = { "" };

	assert_int_equal(weft_build_port(p->build, p->model, port, &err), 0);
}

static void
publish(const char *tree)
{
	struct weft_error err = { "" };
	struct weft_model *model = policy_model(tree, &err);
	struct publication p = { .model = model };

	assert_non_null(model);
	p.build = weft_build_begin(weft_engine_snapshot(), &placement, ++version, 1000000000);
	assert_non_null(p.build);
	for (uint16_t slot = 1; slot <= 4; slot++)
		if (placement.place[slot].closing)
			assert_int_equal(weft_build_remove(p.build, slot, &err), 0);
	policy_each_port(model, build_port, &p);
	weft_engine_publish(weft_build_finish(p.build, version), retire);
	weft_model_free(model);
	settle();
}

static void
open_null(uint16_t slot, const char *path, uint16_t owner)
{
	struct weft_attach attach = { .type = WEFT_ATTACH_ETH, .mtu = 1500, .name = path };
	struct weft_error err = { "" };

	snprintf(attach.device, sizeof(attach.device), "net_null%u,no-rx=%u", slot, slot == 2);
	assert_int_equal(weft_engine_open_port(slot, &attach, &err), 0);
	weft_placement_assign(&placement, slot, path);
	weft_placement_own(&placement, slot, weft_engine_port_multiqueue(slot) ? WEFT_OWNER_EACH : owner);
}

#define TREE                                                                                                           \
	"{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"ports\": {"                                               \
	"\"a\": {\"network\": \"n\", \"attach\": {\"type\": \"eth\", \"device\": \"net_null1\"}},"                     \
	"\"b\": {\"network\": \"n\", \"attach\": {\"type\": \"eth\", \"device\": \"net_null2\"}}}}}}"
#define THREE                                                                                                          \
	"{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"ports\": {"                                               \
	"\"a\": {\"network\": \"n\", \"attach\": {\"type\": \"eth\", \"device\": \"net_null1\"}},"                     \
	"\"b\": {\"network\": \"n\", \"attach\": {\"type\": \"eth\", \"device\": \"net_null3\"}},"                     \
	"\"c\": {\"network\": \"n\", \"attach\": {\"type\": \"eth\", \"device\": \"net_null4\"}}}}}}"
#define EMPTY "{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}}}}"

static void
audit(void)
{
	static struct weft_audit books;

	assert_int_equal(weft_engine_audit(&books), 0);
	assert_true(books.balanced);
	assert_int_equal(books.total.missing, 0);
}

static void
worker_id(struct weft_worker *worker, void *arg)
{
	*(uint16_t *)arg = worker->id;
}

static void
calls_run_on_their_worker(void **state)
{
	uint16_t id = 99;

	(void)state;
	assert_int_equal(weft_engine_call(1, worker_id, &id), 0);
	assert_int_equal(id, 1);
	assert_int_equal(weft_engine_call(0, worker_id, &id), 0);
	assert_int_equal(id, 0);
}

static void
ports_come_and_go_while_packets_flow(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 5; round++) {
		struct weft_port_stats stats;

		open_null(1, "t/a", 0);
		open_null(2, "t/b", 1);
		publish(TREE);
		usleep(20000);
		weft_engine_port_stats(1, &stats);
		assert_true(stats.rx > 0);
		audit();
		weft_placement_withdraw(&placement, 1);
		weft_placement_withdraw(&placement, 2);
		publish(EMPTY);
		weft_engine_close_port(1, closed, NULL);
		weft_engine_close_port(2, closed, NULL);
		settle();
		assert_int_equal(n_closed, 2 * (round + 1));
		weft_placement_release(&placement, 1);
		weft_placement_release(&placement, 2);
		audit();
	}
	assert_int_equal(n_retired + 1, version);
}

static uint64_t n_read[5];

// A device that always has something.
static uint16_t
full_rx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	(void)worker, (void)bytes;
	if (rte_pktmbuf_alloc_bulk(io->pool, pkts, n))
		return 0;
	for (uint16_t i = 0; i < n; i++)
		rte_pktmbuf_append(pkts[i], 60);
	n_read[io->slot] += n;
	return n;
}

static void
no_close(struct weft_portio *io)
{
	(void)io;
}

static const struct weft_io_ops full_ops = { .rx = full_rx, .close = no_close };

// Two that always have something fill every vector.
static void
port_is_read_though_others_fill_the_vector(void **state)
{
	static const uint16_t slots[] = { 1, 3, 4 };
	static const char *const paths[] = { "t/a", "t/b", "t/c" };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		weft_engine.ports[slots[i]].ops = &full_ops;
		weft_engine.ports[slots[i]].pool = weft_engine.pool;
		weft_engine.ports[slots[i]].each_worker = false;
		atomic_store(&weft_engine.ports[slots[i]].token, 0);
		weft_placement_assign(&placement, slots[i], paths[i]);
		weft_placement_own(&placement, slots[i], 0);
	}
	publish(THREE);
	for (unsigned int i = 0; i < 3; i++) {
		for (unsigned int k = 0; k < 500 && *(volatile uint64_t *)&n_read[slots[i]] < 10000; k++)
			usleep(10000);
		assert_true(*(volatile uint64_t *)&n_read[slots[i]] >= 10000);
	}
	audit();
	for (unsigned int i = 0; i < 3; i++)
		weft_placement_withdraw(&placement, slots[i]);
	publish(EMPTY);
	for (unsigned int i = 0; i < 3; i++)
		weft_engine_close_port(slots[i], closed, NULL);
	settle();
}

static void
device_in_use_is_refused_and_nothing_is_left(void **state)
{
	struct weft_attach attach = { .type = WEFT_ATTACH_ETH, .mtu = 1500, .name = "t/x" };
	struct weft_error err = { "" };

	(void)state;
	open_null(1, "t/a", 0);
	snprintf(attach.device, sizeof(attach.device), "net_null1");
	assert_int_equal(weft_engine_open_port(3, &attach, &err), -EEXIST);
	snprintf(attach.device, sizeof(attach.device), "no_such_device0");
	assert_true(weft_engine_open_port(3, &attach, &err) < 0);
	assert_non_null(strstr(err.text, "no_such_device0"));
	weft_placement_withdraw(&placement, 1);
	weft_engine_close_port(1, closed, NULL);
	settle();
	weft_placement_release(&placement, 1);
}

static int
setup(void **state)
{
	(void)state;
	version = engine_start();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	weft_engine_stop();
	weft_placement_clear(&placement);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_run_on_their_worker),
		cmocka_unit_test(ports_come_and_go_while_packets_flow),
		cmocka_unit_test(port_is_read_though_others_fill_the_vector),
		cmocka_unit_test(device_in_use_is_refused_and_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
