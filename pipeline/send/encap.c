// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Encapsulates frames: copies the headers that are prepared for each host, and fills in what differs by packet.
#include "encap.h"

#include "pipeline/base/bytes.h"
#include "weft/fdb.h"
#include "weft/worker.h"

#include "next_hop.h"

// The fields that the outer header takes from the packet inside: a hash of its flow as the source port, so that routers
// can spread flows over paths (RFC 7348, 5), and its traffic class.
struct inner {
	uint16_t port;
	uint8_t class;
};

static inline uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

static struct inner
look_inside(const struct weft_lane *lane, const uint8_t *ip, uint64_t seed)
{
	const uint8_t *l4 = ip + (lane->l4_off - lane->l3_off);
	uint64_t words[4], h = mix(seed, lane->proto);
	struct inner inner = { 0 };
	uint32_t ports;

	if (lane->flags & WEFT_LANE_IPV4) {
		memcpy(words, ip + 12, 8);
		h = mix(h, words[0]);
		inner.class = ip[1];
	} else if (lane->flags & WEFT_LANE_IPV6) {
		memcpy(words, ip + 8, sizeof(words));
		h = mix(mix(mix(mix(h, words[0]), words[1]), words[2]), words[3]);
		inner.class = (uint8_t)(ip[0] << 4 | ip[1] >> 4);
	} else {
		h = mix(mix(h, lane->src), lane->dst);
	}
	// Only the first fragment has ports, and all fragments of a datagram must take the same path.
	if (lane->flags & WEFT_LANE_PORTS && !(lane->flags & WEFT_LANE_FRAGMENT)) {
		memcpy(&ports, l4, sizeof(ports));
		h = mix(h, ports);
	}
	inner.port = (uint16_t)(0xc000 | h >> 50); // RFC 6335's dynamic ports
	return inner;
}

static inline void
put16(uint8_t *p, uint16_t value)
{
	rte_be16_t be = rte_cpu_to_be_16(value);

	memcpy(p, &be, sizeof(be));
}

static inline void
put_mac(uint8_t *p, uint64_t mac)
{
	rte_be64_t be = rte_cpu_to_be_64(mac << 16);

	memcpy(p, &be, sizeof(be)); // writes two bytes more, which are overwritten afterwards
}

static void
write_ipv4(uint8_t *p, const struct weft_peer *peer, const struct inner *inner, uint16_t udp_len)
{
	uint16_t total = udp_len + 20;
	uint32_t sum = peer->sum + rte_cpu_to_be_16(total) + rte_cpu_to_be_16(inner->class);

	memcpy(p + 12, peer->header + 12, WEFT_OUTER_IPV4 - 12);
	p[15] = inner->class;
	put16(p + 16, total);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	memcpy(p + 24, &(uint16_t){ (uint16_t)~sum }, sizeof(uint16_t));
}

// The flow's hash is the flow label too (RFC 6438).
static void
write_ipv6(uint8_t *p, const struct weft_peer *peer, const struct inner *inner, uint16_t udp_len)
{
	rte_be32_t word = rte_cpu_to_be_32(6u << 28 | (uint32_t)inner->class << 20 | inner->port);

	memcpy(p + 12, peer->header + 12, WEFT_OUTER_IPV6 - 12);
	memcpy(p + 14, &word, sizeof(word));
	put16(p + 18, udp_len);
}

// Fills in the UDP checksum of the datagram in M, which is 0 so far.
static void
fill_checksum(struct rte_mbuf *m, const struct weft_peer *peer, uint16_t udp_len)
{
	uint32_t udp = peer->size - 8u;
	uint16_t sum = (uint16_t)~weft_outer_sum(m, 14, udp, udp_len);

	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, udp + 6), &(uint16_t){ sum ? sum : 0xffff }, sizeof(sum));
}

int
weft_tunnel_enter(
	struct weft_worker *worker, const struct weft_lane *lane, uint16_t slot, struct rte_mbuf *m, uint32_t l3_off)
{
	const struct weft_peer *peer = weft_snapshot_slot(worker->snap, slot)->peer;
	const struct weft_domain *domain = weft_snapshot_domain(worker->snap, lane->domain);
	uint64_t hop = weft_next_hop_mac(&worker->overlay.neighbour[slot], peer->hop_number);
	uint64_t own = atomic_load_explicit(&worker->overlay.mac[peer->uplink], memory_order_relaxed);
	bool geneve = domain->tunnel == WEFT_TUNNEL_GENEVE, stamp = geneve && worker->snap->cluster;
	uint16_t udp_len = (uint16_t)(m->pkt_len + 8 + WEFT_TUNNEL_BASE + (stamp ? WEFT_STAMP_SIZE : 0));
	struct inner inner;
	uint8_t *p, *udp;

	if (unlikely(hop == 0))
		return WEFT_DROP_OUT_NO_NEIGHBOUR;
	inner = look_inside(lane, rte_pktmbuf_mtod_offset(m, const uint8_t *, l3_off), worker->fdb->tab.seed);
	p = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)(peer->size - 8 + udp_len - m->pkt_len));
	if (unlikely(p == NULL))
		return WEFT_DROP_OUT_NO_ROOM;
	put_mac(p, hop);
	put_mac(p + 6, own);
	if (likely(!peer->v6))
		write_ipv4(p, peer, &inner, udp_len);
	else
		write_ipv6(p, peer, &inner, udp_len);
	udp = p + peer->size - 8;
	put16(udp, inner.port);
	put16(udp + 2, geneve ? WEFT_GENEVE_PORT : WEFT_VXLAN_PORT);
	put16(udp + 4, udp_len);
	weft_outer_write(udp + 8, domain->tunnel, domain->vni, stamp ? worker->snap->stamp : NULL);
	if (unlikely(peer->checksum))
		fill_checksum(m, peer, udp_len);
	return -1;
}
