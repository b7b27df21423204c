// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The spoof guard: a port that names its MAC address and IP addresses may use no others as a source, in Ethernet,
// IPv4, IPv6, ARP and neighbour discovery.
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include <rte_ether.h>

#include "pipeline/base/arp.h"
#include "pipeline/base/bytes.h"
#include "pipeline/firewall/role.h"
#include "pipeline/send/drop.h"
#include "weft/explain.h"
#include "weft/stage.h"
#include "weft/worker.h"

#define MAC_MASK    UINT64_C(0xffffffffffff)
#define ND_OPTIONS  24 // NS and NA: type, code, checksum, flags, target
#define ND_MAX_OPTS 16

// How much of the port's a source address is.
enum whose { OTHERS, IN_PREFIX, NAMED };

static enum whose
whose_ip4(const struct weft_port_conf *port, const uint8_t *addr)
{
	enum whose whose = OTHERS;
	rte_be32_t a;

	memcpy(&a, addr, sizeof(a));
	for (unsigned int i = 0; i < port->n_ip4; i++) {
		if ((a & port->ip4[i].mask) != port->ip4[i].addr)
			continue;
		if (port->ip4[i].mask == UINT32_MAX)
			return NAMED;
		whose = IN_PREFIX;
	}
	return whose;
}

static enum whose
whose_ip6(const struct weft_port_conf *port, const uint8_t *addr)
{
	// A host chooses its link-local addresses itself (RFC 7217, RFC 8981).
	enum whose whose = addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80 ? IN_PREFIX : OTHERS;

	for (unsigned int i = 0; i < port->n_ip6; i++) {
		const struct weft_prefix6 *prefix = &port->ip6[i];
		uint8_t diff = 0, all = 0xff;

		for (unsigned int b = 0; b < 16; b++) {
			diff |= (addr[b] & prefix->mask[b]) ^ prefix->addr[b];
			all &= prefix->mask[b];
		}
		if (diff == 0 && all == 0xff)
			return NAMED;
		if (diff == 0)
			whose = IN_PREFIX;
	}
	return whose;
}

// Whether PORT may use ADDR in the domain of LANE: it names it, or may use more than it names, and no other port names it.
static bool
may_use(const struct weft_snapshot *snap, const struct weft_port_conf *port, const struct weft_lane *lane, bool v6,
	const uint8_t *addr)
{
	enum whose whose = v6 ? whose_ip6(port, addr) : whose_ip4(port, addr);

	if (whose == NAMED || !(port->guard & (WEFT_GUARD_IP | WEFT_GUARD_OWNERS)))
		return true;
	if (whose == OTHERS && port->guard & WEFT_GUARD_IP)
		return false;
	return !weft_addrmap_names(&snap->addrs, weft_snapshot_domain(snap, lane->domain)->network, v6, addr);
}

static bool
is_unspecified(const uint8_t *addr, unsigned int size)
{
	uint8_t any = 0;

	for (unsigned int i = 0; i < size; i++)
		any |= addr[i];
	return any == 0;
}

static int
check_ipv4(const struct weft_snapshot *snap, const struct weft_port_conf *port, const struct weft_lane *lane,
	const uint8_t *frame)
{
	const uint8_t *src = frame + lane->l3_off + 12, *l4 = frame + lane->l4_off;

	if (port->guard & WEFT_GUARD_FORWARDS || likely(may_use(snap, port, lane, false, src)))
		return -1;
	// A guest that asks for an address by DHCP has none yet (RFC 2131, 4.1).
	if (is_unspecified(src, 4) && lane->proto == IPPROTO_UDP && (lane->flags & WEFT_LANE_L4) && l4[0] == 0 &&
		l4[1] == DHCP_CLIENT && l4[2] == 0 && l4[3] == DHCP_SERVER)
		return -1;
	return WEFT_DROP_GUARD_IPV4;
}

static int
check_arp(const struct weft_snapshot *snap, const struct weft_port_conf *port, const struct weft_lane *lane,
	const uint8_t *frame)
{
	const uint8_t *sender = frame + lane->l3_off + ARP_SENDER_MAC, *ip = frame + lane->l3_off + ARP_SENDER_IP;

	if ((port->guard & WEFT_GUARD_MAC) && read_mac(sender) != port->mac)
		return WEFT_DROP_GUARD_ARP;
	// 0.0.0.0 is a probe: the sender wants to have the target (RFC 5227).
	if (!may_use(snap, port, lane, false, is_unspecified(ip, 4) ? frame + lane->l3_off + ARP_TARGET_IP : ip))
		return WEFT_DROP_GUARD_ARP;
	return -1;
}

// Whether an option of neighbour discovery names another link-layer address than the port's (RFC 4861, 4.6.1), or
// the options are malformed.
static bool
nd_options_lie(const struct weft_port_conf *port, const uint8_t *opt, const uint8_t *end)
{
	for (unsigned int i = 0; i < ND_MAX_OPTS && opt + 2 <= end; i++) {
		uint32_t len = opt[1] * 8u;

		if (len == 0 || opt + len > end)
			return true;
		if ((opt[0] == ND_OPT_SOURCE_LINKADDR || opt[0] == ND_OPT_TARGET_LINKADDR) &&
			read_mac(opt + 2) != port->mac)
			return true;
		opt += len;
	}
	return opt + 2 <= end;
}

static bool
is_nd(uint8_t type)
{
	return type >= ND_ROUTER_SOLICIT && type <= ND_REDIRECT;
}

static int
check_nd(const struct weft_snapshot *snap, const struct weft_port_conf *port, const struct weft_lane *lane,
	const uint8_t *frame, uint32_t have)
{
	const uint8_t *ip = frame + lane->l3_off, *icmp = frame + lane->l4_off;
	const uint8_t *end = ip + 40 + (ip[4] << 8 | ip[5]), *options;

	switch (icmp[0]) {
	case ND_ROUTER_SOLICIT:
		options = icmp + 8;
		break;
	case ND_ROUTER_ADVERT:
		options = icmp + 16;
		break;
	case ND_NEIGHBOR_SOLICIT:
	case ND_NEIGHBOR_ADVERT:
		options = icmp + ND_OPTIONS;
		break;
	default:
		return -1;
	}
	if (end > frame + have || options > end)
		return WEFT_DROP_GUARD_ND;
	// A solicitation from :: says that the sender wants to have the target (RFC 4862, 5.4).
	if ((icmp[0] == ND_NEIGHBOR_ADVERT || (icmp[0] == ND_NEIGHBOR_SOLICIT && is_unspecified(ip + 8, 16))) &&
		!may_use(snap, port, lane, true, icmp + 8))
		return WEFT_DROP_GUARD_ND;
	if ((port->guard & WEFT_GUARD_MAC) && nd_options_lie(port, options, end))
		return WEFT_DROP_GUARD_ND;
	return -1;
}

static int
check_ipv6(const struct weft_snapshot *snap, const struct weft_port_conf *port, const struct weft_lane *lane,
	const uint8_t *frame, uint32_t have)
{
	const uint8_t *src = frame + lane->l3_off + 8;
	bool icmp = lane->proto == IPPROTO_ICMPV6, whole = !(lane->flags & WEFT_LANE_FRAGMENT);

	// Duplicate address detection and the first multicast reports have the source ::; both are ICMPv6.
	if (!(port->guard & WEFT_GUARD_FORWARDS) && !may_use(snap, port, lane, true, src) &&
		!(icmp && whole && is_unspecified(src, 16)))
		return WEFT_DROP_GUARD_IPV6;
	if (!icmp || !(lane->flags & WEFT_LANE_L4))
		return -1;
	// Neighbour discovery is never fragmented (RFC 6980). The first fragment says what it is.
	if (lane->flags & WEFT_LANE_FRAGMENT)
		return is_nd(frame[lane->l4_off]) ? (int)WEFT_DROP_GUARD_ND : -1;
	return check_nd(snap, port, lane, frame, have);
}

// Returns -1, or the reason to drop the packet.
static int
check(const struct weft_snapshot *snap, const struct weft_port_conf *port, const struct weft_lane *lane,
	const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint8_t role = weft_role_lacking(port, lane, m);

	if (unlikely(role))
		return weft_role_drop(role);
	if ((port->guard & WEFT_GUARD_MAC) && unlikely((lane->src & MAC_MASK) != port->mac))
		return WEFT_DROP_GUARD_MAC;
	if (lane->flags & WEFT_LANE_IPV4)
		return check_ipv4(snap, port, lane, frame);
	if (lane->flags & WEFT_LANE_IPV6)
		return check_ipv6(snap, port, lane, frame, m->data_len);
	if (lane->flags & WEFT_LANE_ARP)
		return check_arp(snap, port, lane, frame);
	if (lane->ethertype == RTE_ETHER_TYPE_RARP && port->guard & WEFT_GUARD_MAC && !weft_rarp_is_own(lane, m))
		return WEFT_DROP_GUARD_ARP;
	return -1;
}

static inline bool
names_ip4(const struct weft_port_conf *port, const uint8_t *src)
{
	rte_be32_t a;

	memcpy(&a, src, sizeof(a));
	for (unsigned int i = 0; i < port->n_ip4; i++)
		if (((a ^ port->ip4[i].addr) | ~port->ip4[i].mask) == 0)
			return true;
	return false;
}

// Whether the sender may use the IPv4 address SRC, which it does not name: may_use() with a memory.
static inline bool
may_use_unnamed(struct weft_worker *worker, const struct weft_snapshot *snap, const struct weft_port_conf *port,
	const struct weft_lane *lane, const uint8_t *src)
{
	struct weft_unnamed *unnamed = &worker->unnamed;
	uint64_t source, *known;
	uint32_t addr;

	memcpy(&addr, src, sizeof(addr));
	source = (uint64_t)lane->in << 32 | addr;
	known = &unnamed->source[((addr ^ lane->in) * UINT32_C(0x9e3779b1)) >> (32 - WEFT_UNNAMED_BITS)];
	if (likely(*known == source && unnamed->version == snap->version))
		return true;
	if (!may_use(snap, port, lane, false, src))
		return false;
	if (unnamed->version != snap->version)
		*unnamed = (struct weft_unnamed){ .version = snap->version };
	*known = source;
	return true;
}

// Whether LANE's packet M needs no closer look: an IPv4 packet from an address that the port may use, that needs no role.
static inline bool
is_plain(struct weft_worker *worker, const struct weft_snapshot *snap, const struct weft_port_conf *port,
	const struct weft_lane *lane, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *src = frame + lane->l3_off + 12;

	if (!(lane->flags & WEFT_LANE_IPV4) || (port->guard & WEFT_GUARD_MAC && (lane->src & MAC_MASK) != port->mac))
		return false;
	if (port->guard & (WEFT_GUARD_IP | WEFT_GUARD_OWNERS) && !names_ip4(port, src) &&
		!may_use_unnamed(worker, snap, port, lane, src))
		return false;
	return !(port->guard & WEFT_GUARD_ROLES) || lane->proto == IPPROTO_TCP ||
	       (lane->proto == IPPROTO_UDP && lane->flags & WEFT_LANE_PORTS &&
		       be16(frame + lane->l4_off + 2) != DHCP_CLIENT);
}

// Returns -1, or the reason to drop lane I, with a word for explain.
static __rte_noinline int
look_closer(const struct weft_snapshot *snap, const struct weft_port_conf *port, struct weft_vec *vec, unsigned int i)
{
	int bad = check(snap, port, &vec->lanes[i], vec->pkts[i]);

	if (vec->explain && !(port->guard & (WEFT_GUARD_MAC | WEFT_GUARD_IP)) && bad < 0)
		weft_explain_add(vec->explain, WEFT_STAGE_guard, "port %s names no addresses", port->name);
	else if (vec->explain)
		weft_explain_add(
			vec->explain, WEFT_STAGE_guard, "%s", bad < 0 ? "sender is who it says" : weft_drop_text(bad));
	return bad;
}

weft_lanes
weft_guard_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	const struct weft_snapshot *snap = worker->snap;
	const bool told = vec->explain != NULL;
	weft_lanes good = mask;

	WEFT_FOREACH_LANE (i, mask) {
		const struct weft_lane *lane = &vec->lanes[i];
		const struct weft_port_conf *port = weft_snapshot_slot(snap, lane->in);
		int bad;

		if (likely(!told) && (port->guard == 0 || likely(is_plain(worker, snap, port, lane, vec->pkts[i]))))
			continue;
		bad = look_closer(snap, port, vec, i);
		if (unlikely(bad >= 0)) {
			weft_drop(worker, vec, UINT64_C(1) << i, bad);
			good &= ~(UINT64_C(1) << i);
		}
	}
	return good;
}
