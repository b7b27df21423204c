// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "hw_flow.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#define TCP_STARTS_OR_ENDS 0x07 // FIN, SYN, RST
#define IPV4_FRAGMENT	   0x3fff

// A flow rule and all that it is made of. It points into itself, so it must not be copied.
struct rule {
	struct rte_flow_attr attr;
	struct rte_flow_item item[8];
	struct rte_flow_action action[8];
	unsigned int n_items, n_actions;
	struct rte_flow_item_ethdev from;
	struct rte_flow_item_eth eth, eth_mask;
	struct rte_flow_item_vlan vlan, vlan_mask;
	struct rte_flow_item_ipv4 v4, v4_mask;
	struct rte_flow_item_ipv6 v6, v6_mask;
	struct rte_flow_item_tcp tcp, tcp_mask;
	struct rte_flow_item_udp udp, udp_mask;
	struct rte_flow_action_count count;
	struct rte_flow_action_of_push_vlan push;
	struct rte_flow_action_of_set_vlan_vid vid;
	struct rte_flow_action_ethdev to;
};

static void
add_item(struct rule *r, enum rte_flow_item_type type, const void *spec, const void *mask)
{
	r->item[r->n_items++] = (struct rte_flow_item){ .type = type, .spec = spec, .mask = mask };
}

static void
add_action(struct rule *r, enum rte_flow_action_type type, const void *conf)
{
	r->action[r->n_actions++] = (struct rte_flow_action){ .type = type, .conf = conf };
}

static void
write_mac(struct rte_ether_addr *to, uint64_t mac)
{
	for (unsigned int i = 0; i < 6; i++)
		to->addr_bytes[i] = (uint8_t)(mac >> (40 - 8 * i));
}

static void
match_l2(struct rule *r, const struct weft_offload_offer *offer, uint16_t vid)
{
	write_mac(&r->eth.hdr.src_addr, offer->src);
	write_mac(&r->eth.hdr.dst_addr, offer->dst);
	memset(&r->eth_mask.hdr.src_addr, 0xff, 6);
	memset(&r->eth_mask.hdr.dst_addr, 0xff, 6);
	add_item(r, RTE_FLOW_ITEM_TYPE_ETH, &r->eth, &r->eth_mask);
	if (vid == 0)
		return;
	r->vlan.hdr.vlan_tci = rte_cpu_to_be_16(vid);
	r->vlan_mask.hdr.vlan_tci = RTE_BE16(0xfff);
	add_item(r, RTE_FLOW_ITEM_TYPE_VLAN, &r->vlan, &r->vlan_mask);
}

// Matches whole datagrams between the two addresses: no fragments.
static void
match_l3(struct rule *r, const struct weft_offload_offer *offer)
{
	if (offer->key.family == 4) {
		memcpy(&r->v4.hdr.src_addr, offer->addr[0], 4);
		memcpy(&r->v4.hdr.dst_addr, offer->addr[1], 4);
		r->v4.hdr.next_proto_id = offer->key.proto;
		r->v4_mask.hdr.src_addr = r->v4_mask.hdr.dst_addr = RTE_BE32(UINT32_MAX);
		r->v4_mask.hdr.next_proto_id = UINT8_MAX;
		r->v4_mask.hdr.fragment_offset = RTE_BE16(IPV4_FRAGMENT);
		add_item(r, RTE_FLOW_ITEM_TYPE_IPV4, &r->v4, &r->v4_mask);
		return;
	}
	memcpy(&r->v6.hdr.src_addr, offer->addr[0], 16);
	memcpy(&r->v6.hdr.dst_addr, offer->addr[1], 16);
	// A datagram with an extension header, such as a fragment's, does not match.
	r->v6.hdr.proto = offer->key.proto;
	memset(&r->v6_mask.hdr.src_addr, 0xff, 16);
	memset(&r->v6_mask.hdr.dst_addr, 0xff, 16);
	r->v6_mask.hdr.proto = UINT8_MAX;
	add_item(r, RTE_FLOW_ITEM_TYPE_IPV6, &r->v6, &r->v6_mask);
}

// Packets that open or end a TCP connection do not match: software must see them.
static void
match_l4(struct rule *r, const struct weft_offload_offer *offer)
{
	if (offer->key.proto == IPPROTO_TCP) {
		r->tcp.hdr.src_port = offer->l4[0];
		r->tcp.hdr.dst_port = offer->l4[1];
		r->tcp_mask.hdr.src_port = r->tcp_mask.hdr.dst_port = UINT16_MAX;
		r->tcp_mask.hdr.tcp_flags = TCP_STARTS_OR_ENDS;
		add_item(r, RTE_FLOW_ITEM_TYPE_TCP, &r->tcp, &r->tcp_mask);
	} else {
		r->udp.hdr.src_port = offer->l4[0];
		r->udp.hdr.dst_port = offer->l4[1];
		r->udp_mask.hdr.src_port = r->udp_mask.hdr.dst_port = UINT16_MAX;
		add_item(r, RTE_FLOW_ITEM_TYPE_UDP, &r->udp, &r->udp_mask);
	}
}

static void
make_rule(struct rule *r, const struct weft_offload_offer *offer, const struct weft_hw_flow_path *path)
{
	*r = (struct rule){
		.attr = { .transfer = 1 }, .from = { .port_id = path->from }, .to = { .port_id = path->to }
	};
	add_item(r, RTE_FLOW_ITEM_TYPE_REPRESENTED_PORT, &r->from, &rte_flow_item_ethdev_mask);
	match_l2(r, offer, path->vid_from);
	match_l3(r, offer);
	match_l4(r, offer);
	add_item(r, RTE_FLOW_ITEM_TYPE_END, NULL, NULL);
	add_action(r, RTE_FLOW_ACTION_TYPE_COUNT, &r->count);
	if (path->vid_from && path->vid_from != path->vid_to)
		add_action(r, RTE_FLOW_ACTION_TYPE_OF_POP_VLAN, NULL);
	if (path->vid_to && path->vid_from != path->vid_to) {
		r->push.ethertype = RTE_BE16(RTE_ETHER_TYPE_VLAN);
		r->vid.vlan_vid = rte_cpu_to_be_16(path->vid_to);
		add_action(r, RTE_FLOW_ACTION_TYPE_OF_PUSH_VLAN, &r->push);
		add_action(r, RTE_FLOW_ACTION_TYPE_OF_SET_VLAN_VID, &r->vid);
	}
	add_action(r, RTE_FLOW_ACTION_TYPE_REPRESENTED_PORT, &r->to);
	add_action(r, RTE_FLOW_ACTION_TYPE_END, NULL);
}

// The port through which flows of PORT's switch are managed.
static uint16_t
manager_of(uint16_t port)
{
	uint16_t proxy;

	return rte_flow_pick_transfer_proxy(port, &proxy, NULL) ? port : proxy;
}

const char *
weft_hw_flow_check(uint16_t port, char text[96])
{
	const struct weft_offload_offer sample = { .key = { .family = 4, .proto = IPPROTO_UDP }, .src = 2, .dst = 2 };
	const struct weft_hw_flow_path path = { .from = port, .to = port };
	struct rte_eth_dev_info info;
	struct rte_flow_error error = { .message = NULL };
	struct rule rule;
	int ret;

	if (rte_eth_dev_info_get(port, &info) || info.switch_info.domain_id == RTE_ETH_DEV_SWITCH_DOMAIN_ID_INVALID)
		return "it is not a port of a switch in hardware (switchdev)";
	make_rule(&rule, &sample, &path);
	ret = rte_flow_validate(manager_of(port), &rule.attr, rule.item, rule.action, &error);
	if (ret == 0)
		return NULL;
	snprintf(text, 96, "its driver refuses flows: %s", error.message ? error.message : rte_strerror(-ret));
	return text;
}

struct rte_flow *
weft_hw_flow_create(const struct weft_offload_offer *offer, const struct weft_hw_flow_path *path)
{
	struct rte_flow_error error;
	struct rule rule;

	make_rule(&rule, offer, path);
	if (rte_flow_validate(manager_of(path->from), &rule.attr, rule.item, rule.action, &error))
		return NULL;
	return rte_flow_create(manager_of(path->from), &rule.attr, rule.item, rule.action, &error);
}

int
weft_hw_flow_destroy(uint16_t port, struct rte_flow *flow)
{
	struct rte_flow_error error;

	return rte_flow_destroy(manager_of(port), flow, &error);
}

int
weft_hw_flow_read(uint16_t port, struct rte_flow *flow, uint64_t *packets, uint64_t *bytes)
{
	const struct rte_flow_action count[] = { { .type = RTE_FLOW_ACTION_TYPE_COUNT },
		{ .type = RTE_FLOW_ACTION_TYPE_END } };
	struct rte_flow_query_count now = { .reset = 0 };
	struct rte_flow_error error;
	int ret = rte_flow_query(manager_of(port), flow, count, &now, &error);

	*packets = now.hits_set ? now.hits : 0;
	*bytes = now.bytes_set ? now.bytes : 0;
	return ret;
}
