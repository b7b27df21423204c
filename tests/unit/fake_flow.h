// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A switch in hardware: what rte_flow is asked for is written down as text. For a test that has the linker put these
// functions in the place of DPDK's.
#pragma once

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include <rte_ethdev.h>
#include <rte_flow.h>

#include "fixture.h"

#define ESWITCH 5
#define DEVICE	30 // of the port in slot 1; slot 2's is the next

// Hardware: what it carries, and has carried of each.
static struct rte_flow {
	char text[400];
	bool ended;
	uint64_t packets;
} carried[256];
static unsigned int n_carried;
static int refuses; // errno
static bool keeps;  // it ends no flow
static uint16_t domain_id = ESWITCH;

__attribute__((format(printf, 2, 3))) static void
say(char *text, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + len, 400 - len, fmt, ap);
	va_end(ap);
}

static void
say_macs(char *text, const struct rte_ether_hdr *eth, const struct rte_ether_hdr *mask)
{
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(mask->src_addr.addr_bytes[i] & mask->dst_addr.addr_bytes[i], 0xff);
	say(text, " %02x>%02x", eth->src_addr.addr_bytes[5], eth->dst_addr.addr_bytes[5]);
}

static void
say_ips(char *text, int family, const void *src, const void *dst, unsigned int proto)
{
	char from[64], to[64];

	say(text, " %s>%s proto %u", inet_ntop(family, src, from, sizeof(from)), inet_ntop(family, dst, to, sizeof(to)),
		proto);
}

static void
say_item(char *text, const struct rte_flow_item *item)
{
	const struct rte_flow_item_ipv4 *v4 = item->spec, *v4_mask = item->mask;
	const struct rte_flow_item_ipv6 *v6 = item->spec, *v6_mask = item->mask;
	const struct rte_flow_item_tcp *tcp = item->spec, *tcp_mask = item->mask;
	const struct rte_flow_item_udp *udp = item->spec;
	const struct rte_flow_item_vlan *vlan = item->spec;

	switch (item->type) {
	case RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT:
		say(text, "from %u:", ((const struct rte_flow_item_ethdev *)item->spec)->port_id);
		break;
	case RTE_FLOW_ITEM_TYPE_ETH:
		say_macs(text, &((const struct rte_flow_item_eth *)item->spec)->hdr,
			&((const struct rte_flow_item_eth *)item->mask)->hdr);
		break;
	case RTE_FLOW_ITEM_TYPE_VLAN:
		say(text, " vlan %u", rte_be_to_cpu_16(vlan->hdr.vlan_tci));
		break;
	case RTE_FLOW_ITEM_TYPE_IPV4:
		assert_int_equal(v4_mask->hdr.fragment_offset, RTE_BE16(0x3fff));
		say_ips(text, AF_INET, &v4->hdr.src_addr, &v4->hdr.dst_addr, v4->hdr.next_proto_id);
		break;
	case RTE_FLOW_ITEM_TYPE_IPV6:
		assert_int_equal(v6_mask->hdr.proto, 0xff);
		say_ips(text, AF_INET6, &v6->hdr.src_addr, &v6->hdr.dst_addr, v6->hdr.proto);
		break;
	case RTE_FLOW_ITEM_TYPE_TCP:
		say(text, " tcp %u>%u flags %u/%u", rte_be_to_cpu_16(tcp->hdr.src_port),
			rte_be_to_cpu_16(tcp->hdr.dst_port), tcp->hdr.tcp_flags, tcp_mask->hdr.tcp_flags);
		break;
	case RTE_FLOW_ITEM_TYPE_UDP:
		say(text, " udp %u>%u", rte_be_to_cpu_16(udp->hdr.src_port), rte_be_to_cpu_16(udp->hdr.dst_port));
		break;
	default:
		fail_msg("item %d", item->type);
	}
}

static void
say_action(char *text, const struct rte_flow_action *action)
{
	const struct rte_flow_action_of_push_vlan *push = action->conf;
	const struct rte_flow_action_of_set_vlan_vid *vid = action->conf;
	const struct rte_flow_action_ethdev *to = action->conf;

	switch (action->type) {
	case RTE_FLOW_ACTION_TYPE_COUNT:
		say(text, " -> count");
		break;
	case RTE_FLOW_ACTION_TYPE_OF_POP_VLAN:
		say(text, " pop");
		break;
	case RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN:
		say(text, " push %04x", rte_be_to_cpu_16(push->ethertype));
		break;
	case RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID:
		say(text, " vid %u", rte_be_to_cpu_16(vid->vlan_vid));
		break;
	case RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT:
		say(text, " to %u", to->port_id);
		break;
	default:
		fail_msg("action %d", action->type);
	}
}

int __wrap_rte_flow_validate(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item pattern[],
	const struct rte_flow_action actions[], struct rte_flow_error *error);
struct rte_flow *__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attr,
	const struct rte_flow_item pattern[], const struct rte_flow_action actions[], struct rte_flow_error *error);
int __wrap_rte_flow_destroy(uint16_t port, struct rte_flow *flow, struct rte_flow_error *error);
int __wrap_rte_flow_query(uint16_t port, struct rte_flow *flow, const struct rte_flow_action *action, void *data,
	struct rte_flow_error *error);
int __wrap_rte_flow_pick_transfer_proxy(uint16_t port, uint16_t *proxy, struct rte_flow_error *error);
int __wrap_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info);

int
__wrap_rte_flow_validate(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item pattern[],
	const struct rte_flow_action actions[], struct rte_flow_error *error)
{
	(void)port, (void)pattern, (void)actions;
	assert_true(attr->transfer);
	error->message = "no such hardware";
	return refuses ? -refuses : 0;
}

struct rte_flow *
__wrap_rte_flow_create(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item pattern[],
	const struct rte_flow_action actions[], struct rte_flow_error *error)
{
	struct rte_flow *flow = &carried[n_carried++];

	(void)attr, (void)error;
	assert_int_equal(port, DEVICE);
	assert_true(n_carried < RTE_DIM(carried));
	*flow = (struct rte_flow){ .packets = 0 };
	for (; pattern->type != RTE_FLOW_ITEM_TYPE_END; pattern++)
		say_item(flow->text, pattern);
	for (; actions->type != RTE_FLOW_ACTION_TYPE_END; actions++)
		say_action(flow->text, actions);
	return flow;
}

int
__wrap_rte_flow_destroy(uint16_t port, struct rte_flow *flow, struct rte_flow_error *error)
{
	(void)port, (void)error;
	assert_false(flow->ended);
	if (keeps)
		return -EIO;
	flow->ended = true;
	return 0;
}

int
__wrap_rte_flow_query(uint16_t port, struct rte_flow *flow, const struct rte_flow_action *action, void *data,
	struct rte_flow_error *error)
{
	struct rte_flow_query_count *count = data;

	(void)port, (void)error;
	assert_int_equal(action->type, RTE_FLOW_ACTION_TYPE_COUNT);
	count->hits_set = count->bytes_set = 1;
	count->hits = flow->packets;
	count->bytes = flow->packets * 1000;
	return 0;
}

// One port manages the switch.
int
__wrap_rte_flow_pick_transfer_proxy(uint16_t port, uint16_t *proxy, struct rte_flow_error *error)
{
	(void)port, (void)error;
	*proxy = DEVICE;
	return 0;
}

int
__wrap_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
	(void)port;
	*info = (struct rte_eth_dev_info){ .switch_info.domain_id = domain_id };
	return 0;
}

static unsigned int
n_alive(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_carried; i++)
		n += !carried[i].ended;
	return n;
}
