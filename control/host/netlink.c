// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#include "weft/netlink_request.h"

// libmnl's loops over attributes cast const away.
#pragma GCC diagnostic ignored "-Wcast-qual"

#define USABLE (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)

// Reads the address in ATTR into IP. False: ATTR does not have the size of an address of FAMILY.
static bool
address_of(const struct nlattr *attr, uint8_t family, struct weft_ip *ip)
{
	rte_be32_t v4;

	if (mnl_attr_get_payload_len(attr) != (family == AF_INET ? 4 : 16))
		return false;
	if (family == AF_INET) {
		memcpy(&v4, mnl_attr_get_payload(attr), sizeof(v4));
		*ip = weft_ip4(v4);
	} else {
		*ip = weft_ip6(mnl_attr_get_payload(attr));
	}
	return true;
}

static uint8_t
family_of(const struct weft_ip *ip)
{
	return weft_ip_is_v4(ip) ? AF_INET : AF_INET6;
}

struct address_query {
	const struct weft_ip *address;
	unsigned int ifindex;
	bool found;
};

static int
on_address(const struct nlmsghdr *message, void *arg)
{
	struct address_query *query = arg;
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;
	struct weft_ip ip;

	mnl_attr_for_each(attr, message, sizeof(*ifa))
	{
		// On a point-to-point link, IFA_ADDRESS is the address of the other end.
		if (mnl_attr_get_type(attr) != (ifa->ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS))
			continue;
		if (ifa->ifa_index == query->ifindex && address_of(attr, ifa->ifa_family, &ip) &&
			weft_ip_same(&ip, query->address))
			query->found = true;
	}
	return MNL_CB_OK;
}

bool
netlink_has_address(struct mnl_socket *socket, const struct weft_ip *address, unsigned int ifindex)
{
	char request[MNL_NLMSG_HDRLEN + 64] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(request);
	struct address_query query = { .address = address, .ifindex = ifindex };
	struct ifaddrmsg *ifa;

	message->nlmsg_type = RTM_GETADDR;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifa = mnl_nlmsg_put_extra_header(message, sizeof(*ifa));
	ifa->ifa_family = family_of(address);
	return weft_netlink_request(mnl_socket_get_fd(socket), message, on_address, &query) == 0 && query.found;
}

struct route_query {
	const struct weft_ip *address;
	unsigned int ifindex;
	struct weft_ip hop;
};

static int
on_route(const struct nlmsghdr *message, void *arg)
{
	struct route_query *query = arg;
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct weft_ip hop = *query->address;
	const struct nlattr *attr;
	unsigned int out = 0;

	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_get_payload_len(attr) == sizeof(out))
			out = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == RTA_GATEWAY && !address_of(attr, route->rtm_family, &hop))
			out = 0;
	}
	if (route->rtm_type == RTN_UNICAST && out == query->ifindex)
		query->hop = hop;
	return MNL_CB_STOP;
}

struct weft_ip
netlink_hop(struct mnl_socket *socket, const struct weft_ip *address, unsigned int ifindex)
{
	char request[MNL_NLMSG_HDRLEN + 128] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(request);
	struct route_query query = { .address = address, .ifindex = ifindex };
	rte_be32_t v4 = weft_ip_v4(address);
	struct rtmsg *route;

	message->nlmsg_type = RTM_GETROUTE;
	message->nlmsg_flags = NLM_F_REQUEST;
	route = mnl_nlmsg_put_extra_header(message, sizeof(*route));
	route->rtm_family = family_of(address);
	if (weft_ip_is_v4(address))
		mnl_attr_put(message, RTA_DST, sizeof(v4), &v4);
	else
		mnl_attr_put(message, RTA_DST, sizeof(*address), address);
	route->rtm_dst_len = weft_ip_is_v4(address) ? 32 : 128;
	if (weft_netlink_request(mnl_socket_get_fd(socket), message, on_route, &query))
		return (struct weft_ip){ 0 };
	return query.hop;
}

struct neighbour_query {
	unsigned int ifindex;
	void (*fn)(void *arg, const struct weft_ip *address, uint64_t mac);
	void *arg;
};

static int
on_neighbour(const struct nlmsghdr *message, void *arg)
{
	const struct neighbour_query *query = arg;
	const struct ndmsg *neighbour = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;
	const uint8_t *lladdr = NULL;
	bool known = false;
	struct weft_ip ip;
	uint64_t mac = 0;

	if (neighbour->ndm_ifindex != (int)query->ifindex || !(neighbour->ndm_state & USABLE))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*neighbour))
	{
		if (mnl_attr_get_type(attr) == NDA_DST)
			known = address_of(attr, neighbour->ndm_family, &ip);
		else if (mnl_attr_get_type(attr) == NDA_LLADDR && mnl_attr_get_payload_len(attr) == 6)
			lladdr = mnl_attr_get_payload(attr);
	}
	for (unsigned int i = 0; lladdr && i < 6; i++)
		mac = mac << 8 | lladdr[i];
	if (known && mac)
		query->fn(query->arg, &ip, mac);
	return MNL_CB_OK;
}

int
netlink_each_neighbour(struct mnl_socket *socket, unsigned int ifindex,
	void (*fn)(void *arg, const struct weft_ip *address, uint64_t mac), void *arg)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct neighbour_query query = { .ifindex = ifindex, .fn = fn, .arg = arg };
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < 2; i++) {
		char request[MNL_NLMSG_HDRLEN + 64] = { 0 };
		struct nlmsghdr *message = mnl_nlmsg_put_header(request);
		struct ndmsg *neighbour;

		message->nlmsg_type = RTM_GETNEIGH;
		message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		neighbour = mnl_nlmsg_put_extra_header(message, sizeof(*neighbour));
		neighbour->ndm_family = families[i];
		ret = weft_netlink_request(mnl_socket_get_fd(socket), message, on_neighbour, &query);
	}
	return ret;
}

void
netlink_use(struct mnl_socket *socket, const struct weft_ip *address, unsigned int ifindex)
{
	char request[MNL_NLMSG_HDRLEN + 128] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(request);
	struct ndmsg *neighbour;
	rte_be32_t v4 = weft_ip_v4(address);

	message->nlmsg_type = RTM_NEWNEIGH;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
	neighbour = mnl_nlmsg_put_extra_header(message, sizeof(*neighbour));
	neighbour->ndm_family = weft_ip_is_v4(address) ? AF_INET : AF_INET6;
	neighbour->ndm_ifindex = (int)ifindex;
	neighbour->ndm_flags = NTF_USE;
	if (weft_ip_is_v4(address))
		mnl_attr_put(message, NDA_DST, sizeof(v4), &v4);
	else
		mnl_attr_put(message, NDA_DST, sizeof(*address), address);
	weft_netlink_request(mnl_socket_get_fd(socket), message, NULL, NULL);
}
