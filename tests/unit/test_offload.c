// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections that hardware carries: the real engine, with two ports of a switch that this test plays.
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/core/state.h"
#include "dataplane/devices/offload.h"
#include "fake_flow.h"
#include "dataplane/devices/hw_flow.h"
#include "engine.h"
#include "policy.h"

// Two ports that go on sending to each other; the traffic is one UDP connection.
static _Atomic bool talking = true;

static uint16_t
talk_rx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes)
{
	static uint64_t next[3];
	bool first = io->slot == 1;

	(void)worker, (void)bytes;
	// No faster than both workers can take it, on a machine that has other things to do.
	if (!talking || rte_rdtsc() < next[io->slot] || rte_pktmbuf_alloc_bulk(io->pool, pkts, n))
		return 0;
	next[io->slot] = rte_rdtsc() + weft_engine.hz / 5000;
	for (uint16_t i = 0; i < n; i++) {
		char *frame = rte_pktmbuf_append(pkts[i], 60);
		struct rte_ether_hdr *eth = (void *)frame;
		struct rte_ipv4_hdr *ip = (void *)(eth + 1);
		struct rte_udp_hdr *udp = (void *)(ip + 1);

		memset(frame, 0, 60);
		memcpy(&eth->src_addr, "\x52\x54\0\0\0", 5);
		memcpy(&eth->dst_addr, "\x52\x54\0\0\0", 5);
		eth->src_addr.addr_bytes[5] = first ? 1 : 2;
		eth->dst_addr.addr_bytes[5] = first ? 2 : 1;
		eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
		*ip = (struct rte_ipv4_hdr){ .version_ihl = 0x45,
			.total_length = RTE_BE16(46),
			.time_to_live = 64,
			.next_proto_id = IPPROTO_UDP,
			.src_addr = first ? RTE_BE32(0x0a000001) : RTE_BE32(0x0a000002),
			.dst_addr = first ? RTE_BE32(0x0a000002) : RTE_BE32(0x0a000001) };
		*udp = (struct rte_udp_hdr){ .src_port = first ? RTE_BE16(1000) : RTE_BE16(2000),
			.dst_port = first ? RTE_BE16(2000) : RTE_BE16(1000),
			.dgram_len = RTE_BE16(26) };
	}
	return n;
}

static uint16_t
talk_tx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n)
{
	(void)io, (void)worker;
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

static void
talk_status(struct weft_portio *io, struct weft_io_status *status)
{
	status->device = DEVICE + io->slot - 1;
	status->eswitch = ESWITCH;
}

static void
talk_close(struct weft_portio *io)
{
	(void)io;
}

static const struct weft_io_ops talk_ops = { .rx = talk_rx, .tx = talk_tx, .status = talk_status, .close = talk_close };

static struct weft_placement placement;
static struct weft_model *model;
static uint64_t version;

static void
retire(struct weft_snapshot *snap)
{
	weft_snapshot_free(snap);
}

static void
build_port(void *arg, const struct weft_port *port)
{
	struct weft_error err = { "" };

	assert_int_equal(weft_build_port(arg, model, port, &err), 0);
}

// Makes TREE part of the policy, and publishes it. What hardware carries then it may carry.
static void
publish(const char *tree)
{
	struct weft_error err = { "" };
	struct weft_build *build;

	if (model == NULL)
		model = policy_model(tree, &err);
	else
		assert_int_equal(policy_apply(model, tree, &err), 0);
	if (model == NULL)
		print_error("%s\n", err.text);
	assert_non_null(model);
	build = weft_build_begin(weft_engine_snapshot(), &placement, ++version, 1000000000);
	assert_non_null(build);
	policy_each_port(model, build_port, build);
	weft_engine_publish(weft_build_finish(build, version), retire);
}

#define PORT(n, more)                                                                                                  \
	"\"" n "\": {\"network\": \"n\", \"mac\": \"52:54:00:00:00:0" n "\", \"groups\": [\"g\"]" more                 \
	", \"attach\": {\"type\": \"eth\", \"device\": \"net_null" n "\"}}"
#define RULES(action) "\"groups\": {\"g\": {\"rules\": [{\"direction\": \"in\", \"action\": \"" action "\"}]}}"
#define TREE(action, more)                                                                                             \
	"{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"plans\": {\"p\": {\"from_vm\": {\"rate\": "               \
	"\"1G\"}}}, " RULES(action) ", \"ports\": {" PORT("1", more) ", " PORT("2", "") "}}}}"

// Ticks until hardware carries N flows.
static void
tick_until(unsigned int n)
{
	for (unsigned int i = 0; i < 3000 && n_alive() != n; i++) {
		weft_engine_offload();
		usleep(2000);
	}
	assert_int_equal(n_alive(), n);
}

// Ticks for a while, in which hardware is to carry nothing.
static void
tick_in_vain(void)
{
	for (unsigned int i = 0; i < 100; i++) {
		weft_engine_offload();
		assert_int_equal(n_alive(), 0);
		usleep(1000);
	}
}

static bool
add_packets(void *arg, const struct weft_session *session, uint32_t clock)
{
	(void)clock;
	*(uint64_t *)arg += session->all_packets + session->packets;
	return false;
}

// Packets of all connections.
static uint64_t
count_packets(void)
{
	uint64_t n = 0;

	for (uint16_t w = 0; w < 2; w++)
		assert_int_equal(weft_engine_each_session(w, add_packets, &n), 0);
	return n;
}

static void
a_busy_connection_is_carried_both_ways(void **state)
{
	const char *there = "from 30: 01>02 10.0.0.1>10.0.0.2 proto 17 udp 1000>2000 -> count to 31";
	const char *back = "from 31: 02>01 10.0.0.2>10.0.0.1 proto 17 udp 2000>1000 -> count to 30";
	bool order;

	(void)state;
	publish(TREE("allow", ""));
	tick_until(2);
	order = strcmp(carried[0].text, there) == 0;
	assert_string_equal(carried[!order].text, there);
	assert_string_equal(carried[order].text, back);
}

static void
what_hardware_has_carried_is_the_connections(void **state)
{
	struct weft_offload_counts counts = { 0 };
	uint64_t before;

	(void)state;
	talking = false;
	usleep(50000);
	before = count_packets();
	for (unsigned int i = 0; i < n_carried; i++)
		carried[i].packets += 5000000;
	for (unsigned int i = 0; i < 500 && count_packets() - before < 10000000; i++) {
		weft_engine_offload();
		usleep(10000);
	}
	assert_int_equal(count_packets() - before, 10000000);
	weft_engine_offload_counts(1, &counts);
	assert_int_equal(counts.flows, 1);
	assert_int_equal(counts.packets, 5000000);
	assert_int_equal(counts.bytes, 5000000000);
	assert_int_equal(n_alive(), 2);
	talking = true;
}

static void
a_policy_that_forbids_it_ends_it_before_it_is_in_force(void **state)
{
	(void)state;
	publish(TREE("deny", ""));
	assert_int_equal(n_alive(), 0);
	tick_in_vain();
	publish(TREE("allow", ""));
	tick_until(2);
}

static void
a_flow_that_does_not_end_keeps_the_policy_from_being_in_force(void **state)
{
	(void)state;
	keeps = true;
	weft_offload_period = 1;
	publish(TREE("deny", ""));
	for (unsigned int i = 0; i < 50; i++) {
		weft_engine_offload();
		assert_false(weft_engine_settled(version));
		usleep(1000);
	}
	assert_int_equal(n_alive(), 2);
	keeps = false;
	// They come by once more.
	tick_until(0);
	weft_offload_period = 0;
	for (unsigned int i = 0; i < 5000 && !weft_engine_settled(version); i++)
		usleep(1000);
	assert_true(weft_engine_settled(version));
	publish(TREE("allow", ""));
	tick_until(2);
}

static void
a_port_with_a_plan_is_softwares(void **state)
{
	(void)state;
	publish(TREE("allow", ", \"plan\": \"p\""));
	assert_int_equal(n_alive(), 0);
	tick_in_vain();
	publish(TREE("allow", ""));
	tick_until(2);
}

static void
a_port_that_is_closed_is_nobodys(void **state)
{
	(void)state;
	publish(TREE("allow", ", \"state\": \"quarantined\""));
	assert_int_equal(n_alive(), 0);
	publish(TREE("allow", ""));
	tick_until(2);
}

static void
what_carries_nothing_ends(void **state)
{
	unsigned int before = n_carried;

	(void)state;
	talking = false;
	// They come by once more as they were made, and from then on each time.
	weft_offload_period = 1;
	for (unsigned int i = 0; i < 500 && n_alive(); i++) {
		weft_engine_offload();
		usleep(10000);
	}
	weft_offload_period = 0;
	assert_int_equal(n_alive(), 0);
	talking = true;
	tick_until(2);
	assert_true(n_carried >= before + 2);
}

static void
a_device_that_refuses_is_left_alone(void **state)
{
	(void)state;
	refuses = ENOTSUP;
	publish(TREE("deny", ""));
	publish(TREE("allow", ""));
	tick_in_vain();
	refuses = 0;
	tick_until(2);
}

static void
what_a_device_says_when_it_is_tried(void **state)
{
	char text[96];

	(void)state;
	assert_null(weft_hw_flow_check(DEVICE, text));
	refuses = ENOSYS;
	assert_string_equal(weft_hw_flow_check(DEVICE, text), "its driver refuses flows: no such hardware");
	domain_id = RTE_ETH_DEV_SWITCH_DOMAIN_ID_INVALID;
	assert_non_null(strstr(weft_hw_flow_check(DEVICE, text), "switchdev"));
	domain_id = ESWITCH;
	refuses = 0;
}

static void
tags_and_tcp(void **state)
{
	struct weft_offload_offer offer = { .key = { .family = 6, .proto = IPPROTO_TCP },
		.src = 0x0001525400000007,
		.dst = 0x0001525400000008,
		.l4 = { RTE_BE16(80), RTE_BE16(50000) } };
	struct weft_hw_flow_path way = { .from = DEVICE, .to = 44, .vid_to = 100 };

	(void)state;
	inet_pton(AF_INET6, "2001:db8::1", offer.addr[0]);
	inet_pton(AF_INET6, "2001:db8::2", offer.addr[1]);
	n_carried = 60;
	assert_non_null(weft_hw_flow_create(&offer, &way));
	assert_string_equal(carried[60].text,
		"from 30: 07>08 2001:db8::1>2001:db8::2 proto 6 tcp 80>50000 flags 0/7 -> "
		"count push 8100 vid 100 to 44");
	way = (struct weft_hw_flow_path){ .from = DEVICE, .to = 44, .vid_from = 100 };
	assert_non_null(weft_hw_flow_create(&offer, &way));
	assert_string_equal(carried[61].text,
		"from 30: 07>08 vlan 100 2001:db8::1>2001:db8::2 proto 6 tcp 80>50000 flags "
		"0/7 -> count pop to 44");
	n_carried = 0;
}

static int
setup(void **state)
{
	(void)state;
	version = engine_start();
	for (uint16_t slot = 1; slot <= 2; slot++) {
		weft_engine.ports[slot].ops = &talk_ops;
		weft_engine.ports[slot].pool = weft_engine.pool;
		weft_placement_assign(&placement, slot, slot == 1 ? "t/1" : "t/2");
		weft_placement_own(&placement, slot, slot - 1);
	}
	weft_offload_start();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	weft_engine_stop();
	assert_int_equal(n_alive(), 0);
	weft_model_free(model);
	weft_placement_clear(&placement);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_and_tcp),
		cmocka_unit_test(what_a_device_says_when_it_is_tried),
		cmocka_unit_test(a_busy_connection_is_carried_both_ways),
		cmocka_unit_test(what_hardware_has_carried_is_the_connections),
		cmocka_unit_test(a_policy_that_forbids_it_ends_it_before_it_is_in_force),
		cmocka_unit_test(a_flow_that_does_not_end_keeps_the_policy_from_being_in_force),
		cmocka_unit_test(a_port_with_a_plan_is_softwares),
		cmocka_unit_test(a_port_that_is_closed_is_nobodys),
		cmocka_unit_test(what_carries_nothing_ends),
		cmocka_unit_test(a_device_that_refuses_is_left_alone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
