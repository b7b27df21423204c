// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The whole chain of a host with tunnels on any frames, from its guests and from the wire: nothing is read beyond a
// frame's end, every packet is accounted for, and its memory given back. The input is frames, each behind two bytes:
// what is put around it, and the length.
#include <netinet/in.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ip.h>
#include <rte_malloc.h>

#include "weft/bfd.h"
#include "weft/fdb.h"
#include "weft/groups.h"
#include "weft/session.h"

#include "pipeline/base/bytes.h"
#include "pipeline/send/drop.h"
#include "weft/stage.h"
#include "tests/harness/eal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADROOM 128
#define MBUFS	 255
#define VNI	 7

enum { NONE, GUEST, OTHER_GUEST, UPLINK, HOST, N_PORTS };

static struct weft_worker *worker;
static struct weft_vec vec;
static struct weft_snapshot snap, later;
static struct weft_port_page ports;
static struct weft_domain_page domains, later_domains;
static struct weft_peer peers[2];
static struct rte_mempool *pool;
static struct rte_mbuf_ext_shared_info shared;

static void
flush(struct weft_worker *w, uint16_t port)
{
	struct weft_txbuf *buf = &w->outbox.port[port];

	for (uint16_t i = 0; i < buf->n; i++)
		w->counters.port[buf->pkts[i]->port].sent++;
	rte_pktmbuf_free_bulk(buf->pkts, buf->n);
	buf->n = 0;
}

static void
keep(void *addr, void *arg)
{
	(void)addr, (void)arg;
}

static void
enter(uint64_t key, uint16_t port)
{
	*weft_mactab_free_way(&snap.static_macs, key) = (struct weft_mac_entry){ .key = key, .port = port, .gen = 1 };
}

// The uplink's end of the tunnels, by IPv4, and two other hosts, of which one is known by an IPv6 address.
static void
set_up_hosts(void)
{
	static const uint8_t v6[16] = { 0x20, 1, [15] = 2 };
	struct weft_underlay *underlay = calloc(1, sizeof(*underlay) + 2 * sizeof(underlay->peer[0]));

	underlay->address = weft_ip4(rte_cpu_to_be_32(0xc0000201));
	underlay->bfd = (struct weft_bfd_conf){ .interval_us = 50000, .multiplier = 3 };
	for (unsigned int i = 0; i < 2; i++) {
		peers[i].address = peers[i].hop = i ? weft_ip6(v6) : weft_ip4(rte_cpu_to_be_32(0xc0000202));
		peers[i].uplink = UPLINK;
		peers[i].bfd = peers[i].checksum = true;
		weft_peer_init(&peers[i], &underlay->address);
		ports.port[HOST + i] = (struct weft_port_conf){ .gen = 1,
			.tagging = WEFT_TAG_PEER,
			.tpid = 0x8100,
			.owner = WEFT_OWNER_NONE,
			.up = true,
			.max_macs = 16,
			.name = "@fuzz",
			.peer = &peers[i] };
		enter(weft_peer_key(&peers[i].address), HOST + i);
		worker->overlay.neighbour[HOST + i].mac = 1;
		worker->overlay.neighbour[HOST + i].hop = peers[i].hop_number;
		underlay->peer[underlay->n_peers++] = HOST + i;
	}
	ports.port[UPLINK] = (struct weft_port_conf){ .gen = 1,
		.tagging = WEFT_TAG_UPLINK,
		.tpid = 0x8100,
		.mtu = 1600,
		.up = true,
		.max_macs = 16,
		.name = "fuzz/up",
		.underlay = underlay };
	snap.underlay = UPLINK;
	snap.cluster = 1;
	enter(weft_tunnel_key(WEFT_TUNNEL_VXLAN, VNI, 0), 1);
	enter(weft_tunnel_key(WEFT_TUNNEL_GENEVE, VNI, 0), 1);
}

static void
set_up_network(void)
{
	static const uint16_t members[] = { GUEST, OTHER_GUEST, UPLINK, HOST, HOST + 1 };
	const struct weft_ip address = weft_ip4(rte_cpu_to_be_32(0x0a000001));

	snap.version = 1;
	weft_snapshot_blank(&snap);
	snap.port_page[0] = &ports;
	snap.domain_page[0] = &domains;
	if (weft_mactab_init(&snap.static_macs, 32, 1))
		abort();
	domains.domain[1] = (struct weft_domain){ .tunnel = WEFT_TUNNEL_GENEVE,
		.vni = VNI,
		.mtu = 1400,
		.snooping = true,
		.gateway = HOST,
		.uplink_vid = 5,
		.changed = 3,
		.n_ports = RTE_DIM(members),
		.ports = members,
		.name = "fuzz" };
	for (uint16_t i = GUEST; i <= OTHER_GUEST; i++) {
		ports.port[i] = (struct weft_port_conf){
			.gen = 1, .native = 1, .tpid = 0x8100, .mtu = 1400, .up = true, .max_macs = 16, .name = "fuzz"
		};
		enter(weft_mac_key(1, UINT64_C(0x020000000000) + i), i);
	}
	enter(weft_mac_key(1, UINT64_C(0x020000000000) + HOST), HOST);
	enter(weft_owner_key(1, &address), OTHER_GUEST);
}

static void
set_up(void)
{

	if (EAL_START("--no-huge", "-m64", "--lcores=0", "--log-level=*:error") < 0)
		abort();
	pool = rte_pktmbuf_pool_create("fuzz", MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	worker = rte_zmalloc(NULL, sizeof(*worker), RTE_CACHE_LINE_SIZE);
	worker->counters.port =
		rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(worker->counters.port[0]), RTE_CACHE_LINE_SIZE);
	worker->flood = rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(worker->flood[0]), RTE_CACHE_LINE_SIZE);
	worker->outbox.port = rte_zmalloc(NULL, 16 * sizeof(worker->outbox.port[0]), RTE_CACHE_LINE_SIZE);
	worker->overlay.neighbour = rte_zmalloc(NULL, 16 * sizeof(worker->overlay.neighbour[0]), RTE_CACHE_LINE_SIZE);
	worker->overlay.bfd = rte_zmalloc(NULL, 16 * sizeof(worker->overlay.bfd[0]), RTE_CACHE_LINE_SIZE);
	worker->overlay.mac = rte_zmalloc(NULL, 16 * sizeof(worker->overlay.mac[0]), RTE_CACHE_LINE_SIZE);
	worker->fdb = weft_fdb_new(64, 300, 1);
	worker->groups = weft_groups_new(64, 1, 1);
	worker->firewall.sessions = weft_sessions_new(64, 16);
	worker->outbox.flush_port = flush;
	worker->pool = pool;
	worker->snap = &snap;
	shared.free_cb = keep;
	set_up_network();
	set_up_hosts();
	later = snap;
	later_domains = domains;
	later_domains.domain[1].changed = 4;
	later.domain_page[0] = &later_domains;
	worker->generations.next = &later;
}

static const uint8_t around_udp[] = { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 255, 17, 0,
	0, 192, 0, 2, 2, 192, 0, 2, 1, 0xc0, 1, 0, 0, 0, 0, 0, 0 };
static const uint8_t around_icmp6[] = { 0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 58,
	255, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
static const uint8_t around_igmp[] = { 1, 0, 0x5e, 0, 0, 1, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0,
	0, 10, 0, 0, 9, 224, 0, 0, 1 };

// What is put in front of LEN bytes at FRAME + the result's size; lengths and checksums are right.
static void
wrap(uint8_t *frame, uint32_t head, uint32_t len, unsigned int kind)
{
	static const uint16_t udp_port[] = { WEFT_VXLAN_PORT, WEFT_GENEVE_PORT, 3784, 4784 };
	uint8_t *body = frame + head;

	if (head == sizeof(around_udp)) {
		memcpy(frame, around_udp, head);
		frame[16] = (uint8_t)((len + 28) >> 8);
		frame[17] = (uint8_t)(len + 28);
		frame[36] = udp_port[kind % 4] >> 8;
		frame[37] = (uint8_t)udp_port[kind % 4];
		frame[38] = (uint8_t)((len + 8) >> 8);
		frame[39] = (uint8_t)(len + 8);
	} else if (head == sizeof(around_icmp6)) {
		memcpy(frame, around_icmp6, head);
		frame[19] = (uint8_t)len;
		frame[21] = kind & 1 ? 255 : 1; // neighbour discovery's, or MLD's
		if (len >= 4) {
			memset(body + 2, 0, 2);
			memcpy(body + 2, &(uint16_t){ rte_ipv6_udptcp_cksum((const void *)(frame + 14), body) }, 2);
		}
	} else if (head == sizeof(around_igmp)) {
		memcpy(frame, around_igmp, head);
		frame[17] = (uint8_t)(len + 20);
		if (len >= 4) {
			memset(body + 2, 0, 2);
			memcpy(body + 2, &(uint16_t){ (uint16_t)~rte_raw_cksum(body, len) }, 2);
		}
	}
}

static void
check(void)
{
	for (unsigned int i = 0; i < 8; i++) {
		const struct weft_port_stats *s = &worker->counters.port[i];
		uint64_t dropped = 0;

		for (unsigned int d = 0; d < WEFT_N_DROPS; d++)
			dropped += s->drop[d];
		if (s->rx + s->created != s->sent + s->taken + dropped)
			abort();
	}
	if (rte_mempool_avail_count(pool) != MBUFS || worker->generations.present || worker->snap != &snap)
		abort();
}

static void
send_all(void)
{
	for (uint16_t i = 0; i < worker->outbox.n_dirty; i++) {
		flush(worker, worker->outbox.dirty[i]);
		worker->outbox.port[worker->outbox.dirty[i]].dirty = false;
	}
	worker->outbox.n_dirty = 0;
	weft_free_dead(worker);
}

static void
run(uint8_t *buf, uint16_t room, uint16_t len, uint16_t port)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	rte_pktmbuf_attach_extbuf(m, buf, 0, room, &shared);
	m->data_off = HEADROOM;
	m->data_len = len;
	m->pkt_len = len;
	m->port = vec.lanes[0].in = port;
	worker->counters.port[port].rx++;
	vec.n = 1;
	vec.pkts[0] = m;
	vec.now = rte_rdtsc();
	weft_chain_run(worker, &vec, false);
	weft_bfd_sweep(worker, vec.now);
	send_all();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t heads[] = { 0, 0, sizeof(around_udp), sizeof(around_udp), sizeof(around_icmp6),
		sizeof(around_igmp) };

	if (worker == NULL)
		set_up();
	while (size > 2) {
		unsigned int kind = data[0] % RTE_DIM(heads);
		uint16_t len = RTE_MIN((size_t)data[1], size - 2);
		uint32_t head = heads[kind], tail = data[0] & 0x40 ? 16 : 0;
		uint16_t port = kind == 2 || kind == 3 ? UPLINK : 1 + data[0] / 8 % 3;
		uint8_t *buf = malloc(HEADROOM + head + len + tail);

		memcpy(buf + HEADROOM + head, data + 2, len);
		wrap(buf + HEADROOM, head, len, data[0] / 8);
		worker->clock += data[0] >> 7;
		run(buf, (uint16_t)(HEADROOM + head + len + tail), (uint16_t)(head + len), port);
		free(buf);
		data += 2 + len;
		size -= 2 + len;
		check();
	}
	return 0;
}
