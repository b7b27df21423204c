// SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only)
// Copyright (c) 2026 The weft authors

// From an interface that is shared with the kernel, weft takes datagrams of tunnels and of BFD to its own addresses,
// their fragments, and frames in VLANs of its networks. It drops packets from denied sources. All others go to the
// kernel.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "uplink.h"

#define IP_MORE	  0x2000 // fragments follow
#define IP_OFFSET 0x1fff
#define VLAN_ID	  0x0fff

struct vlan {
	__be16 tci, type;
};

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, UPLINK_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps"); // the name that DPDK's driver looks for

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, UPLINK_ADDRESSES);
	__type(key, struct uplink_address);
	__type(value, __u8);
} weft_addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UPLINK_VLANS);
	__type(key, __u32);
	__type(value, __u8);
} weft_vlans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, UPLINK_DENIED);
	__type(key, struct uplink_prefix);
	__type(value, __u8);
} weft_denied SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, UPLINK_N_COUNTS);
	__type(key, __u32);
	__type(value, struct uplink_count);
} weft_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct uplink_state);
} weft_state SEC(".maps");

static __always_inline int
count(struct xdp_md *ctx, __u32 what, int action)
{
	struct uplink_count *c = bpf_map_lookup_elem(&weft_counts, &what);

	if (c) {
		c->packets++;
		c->bytes += ctx->data_end - ctx->data;
	}
	return action;
}

// Sends the frame to the worker that reads this queue, or to the kernel where none does.
static __always_inline int
take(struct xdp_md *ctx, __u32 what)
{
	return count(ctx, what, bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS));
}

static __always_inline int
is_denied(const struct uplink_address *source)
{
	struct uplink_prefix key = { .bits = 128, .address = *source };
	__u32 zero = 0;
	const struct uplink_state *state = bpf_map_lookup_elem(&weft_state, &zero);

	return state && state->n_denied && bpf_map_lookup_elem(&weft_denied, &key);
}

static __always_inline int
is_weft_port(__be16 port)
{
	return port == bpf_htons(UPLINK_VXLAN) || port == bpf_htons(UPLINK_GENEVE) || port == bpf_htons(UPLINK_BFD) ||
	       port == bpf_htons(UPLINK_BFD_MULTIHOP);
}

// Decides about a datagram to the address TO whose L4 header begins at L4. FIRST: it is no fragment, or the first one,
// and has its ports. WHOLE: it is no fragment.
static __always_inline int
judge(struct xdp_md *ctx, void *l4, void *end, const struct uplink_address *to, int first, int whole)
{
	const struct udphdr *udp = l4;

	if (first && ((void *)(udp + 1) > end || !is_weft_port(udp->dest)))
		return count(ctx, UPLINK_PASSED, XDP_PASS);
	if (!bpf_map_lookup_elem(&weft_addresses, to))
		return count(ctx, UPLINK_PASSED, XDP_PASS);
	return take(ctx, whole ? UPLINK_TUNNEL : UPLINK_FRAGMENT);
}

static __always_inline int
judge_v4(struct xdp_md *ctx, void *l3, void *end)
{
	const struct iphdr *ip = l3;
	struct uplink_address from = { .word = { 0, 0, bpf_htonl(0xffff) } }, to = from;
	__u16 fragment;

	if ((void *)(ip + 1) > end || ip->ihl < 5)
		return count(ctx, UPLINK_PASSED, XDP_PASS);
	from.word[3] = ip->saddr;
	to.word[3] = ip->daddr;
	if (is_denied(&from))
		return count(ctx, UPLINK_DENIED_SOURCE, XDP_DROP);
	if (ip->protocol != IPPROTO_UDP)
		return count(ctx, UPLINK_PASSED, XDP_PASS);
	fragment = bpf_ntohs(ip->frag_off);
	return judge(ctx, l3 + ip->ihl * 4, end, &to, !(fragment & IP_OFFSET), !(fragment & (IP_MORE | IP_OFFSET)));
}

static __always_inline int
judge_v6(struct xdp_md *ctx, void *l3, void *end)
{
	struct ipv6hdr *ip = l3;
	struct uplink_address from, to;

	if ((void *)(ip + 1) > end)
		return count(ctx, UPLINK_PASSED, XDP_PASS);
	__builtin_memcpy(&from, &ip->saddr, sizeof(from));
	__builtin_memcpy(&to, &ip->daddr, sizeof(to));
	if (is_denied(&from))
		return count(ctx, UPLINK_DENIED_SOURCE, XDP_DROP);
	if (ip->nexthdr == IPPROTO_UDP)
		return judge(ctx, ip + 1, end, &to, 1, 1);
	if (ip->nexthdr == IPPROTO_FRAGMENT)
		return judge(ctx, ip + 1, end, &to, 0, 0);
	return count(ctx, UPLINK_PASSED, XDP_PASS);
}

SEC("xdp")
int
weft_uplink(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *l3;
	const struct ethhdr *eth = data;
	__be16 type;

	if ((void *)(eth + 1) > end)
		return count(ctx, UPLINK_PASSED, XDP_PASS);
	type = eth->h_proto;
	l3 = data + sizeof(*eth);
	if (type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD)) {
		const struct vlan *tag = l3;
		const __u8 *is_wefts;
		__u32 vid;

		if ((void *)(tag + 1) > end)
			return count(ctx, UPLINK_PASSED, XDP_PASS);
		vid = bpf_ntohs(tag->tci) & VLAN_ID;
		is_wefts = bpf_map_lookup_elem(&weft_vlans, &vid);
		if (is_wefts && *is_wefts)
			return take(ctx, UPLINK_VLAN);
		return count(ctx, UPLINK_PASSED, XDP_PASS);
	}
	if (type == bpf_htons(ETH_P_IP))
		return judge_v4(ctx, l3, end);
	if (type == bpf_htons(ETH_P_IPV6))
		return judge_v6(ctx, l3, end);
	return count(ctx, UPLINK_PASSED, XDP_PASS);
}

// The kernel requires a licence, although no helper that the program calls needs one.
char weft_license[] SEC("license") = "Dual BSD/GPL";
