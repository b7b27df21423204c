// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The chain in one thread on packets in memory, with a tunnel and without: what putting frames into tunnels and taking
// them out costs. Prints JSON. Each figure is taken over many short rounds of one vector; the median and the minimum
// stand.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include "weft/fdb.h"

#include "cycles.h"
#include "stages.h"

#define BATCH  32
#define ROUNDS 20000
#define FRAME  60 // without FCS
#define VNI    70001

enum { NONE, GUEST, OTHER_GUEST, UPLINK, HOST, N_PORTS }; // slots

#define MAC_OF(slot) (UINT64_C(0x020000000000) + (slot))

struct bench {
	struct weft_worker *w;
	struct weft_vec vec;
	struct rte_mbuf *pkts[BATCH];
	struct weft_snapshot snap;
	struct weft_port_page ports;
	struct weft_domain_page domains;
	struct weft_peer peer;
	struct weft_neighbour neighbour[N_PORTS];
	_Atomic uint64_t mac[N_PORTS];
	uint8_t wire[256];
	unsigned int wire_len;
	uint16_t in;
	uint32_t cycles[WEFT_N_STAGES + 1][ROUNDS];
};

static void
put_mac(uint8_t *p, uint64_t mac)
{
	uint64_t be = rte_cpu_to_be_64(mac << 16);

	memcpy(p, &be, 6);
}

static void
flush(struct weft_worker *worker, uint16_t port)
{
	worker->port_out[port].n = 0;
}

// Fresh frames, as a burst that was just copied in: the lines are in the cache.
static void
fill(struct bench *b)
{
	b->vec.n = BATCH;
	for (unsigned int i = 0; i < BATCH; i++) {
		struct rte_mbuf *m = b->pkts[i];

		rte_pktmbuf_reset(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)b->wire_len), b->wire, b->wire_len);
		b->vec.pkts[i] = m;
		b->vec.lanes[i].in = m->port = b->in;
	}
}

// Returns whether all frames have left by PORT.
static bool
clear(struct bench *b, uint16_t port)
{
	bool all = b->w->port_out[port].n == BATCH;

	for (uint16_t i = 0; i < b->w->n_dirty; i++) {
		b->w->port_out[b->w->dirty[i]].n = 0;
		b->w->port_out[b->w->dirty[i]].dirty = false;
	}
	b->w->n_dirty = 0;
	return all;
}

static bool
run_round(struct bench *b, unsigned int r, uint16_t out)
{
	weft_lanes mask = weft_lanes_all(BATCH);
	uint64_t start;

	fill(b);
	b->vec.now = start = rte_rdtsc_precise();
	weft_chain_run(b->w, &b->vec, false);
	b->cycles[WEFT_N_STAGES][r] = (uint32_t)(rte_rdtsc_precise() - start);
	if (!clear(b, out))
		return false;
	fill(b);
	for (unsigned int i = 0; i < WEFT_N_STAGES; i++) {
		start = rte_rdtsc_precise();
		mask = weft_chain[i].run(b->w, &b->vec, mask);
		b->cycles[i][r] = (uint32_t)(rte_rdtsc_precise() - start);
	}
	return clear(b, out);
}

// Frames that come in at IN and leave by OUT.
static json_t *
run_case(struct bench *b, const char *name, uint16_t in, uint16_t out)
{
	uint32_t overhead = bench_stamp_cost();
	json_t *stages = json_object();

	b->in = in;
	for (unsigned int r = 0; r < ROUNDS; r++) {
		if (!run_round(b, r, out)) {
			fprintf(stderr, "bench_overlay: %s: frames did not leave by port %u\n", name, out);
			exit(1);
		}
	}
	for (unsigned int i = 0; i < WEFT_N_STAGES; i++)
		json_object_set_new(stages, weft_chain[i].name, bench_figures(b->cycles[i], ROUNDS, overhead, BATCH));
	return json_pack("{s:s, s:o, s:o}", "name", name, "weft",
		bench_figures(b->cycles[WEFT_N_STAGES], ROUNDS, overhead, BATCH), "stages", stages);
}

// A UDP datagram from SRC's MAC to DST's.
static void
write_frame(struct bench *b, uint16_t dst, uint16_t src)
{
	static const uint8_t payload[] = { 0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0,
		2, 0, 1, 0, 2, 0, 26, 0, 0 };

	memset(b->wire, 0, sizeof(b->wire));
	put_mac(b->wire, MAC_OF(dst));
	put_mac(b->wire + 6, MAC_OF(src));
	memcpy(b->wire + 12, payload, sizeof(payload));
	b->wire_len = FRAME;
}

// What the chain makes of a frame to the other host, as that would send it here.
static void
write_tunnelled(struct bench *b)
{
	uint8_t inner[FRAME], *p;

	write_frame(b, HOST, GUEST);
	b->in = GUEST;
	fill(b);
	weft_chain_run(b->w, &b->vec, false);
	clear(b, UPLINK);
	b->wire_len = b->pkts[0]->pkt_len;
	write_frame(b, GUEST, HOST);
	memcpy(inner, b->wire, sizeof(inner));
	p = rte_pktmbuf_mtod(b->pkts[0], uint8_t *);
	b->wire_len = b->pkts[0]->pkt_len;
	memcpy(b->wire, p, b->wire_len);
	memcpy(b->wire + 26, p + 30, 4);
	memcpy(b->wire + 30, p + 26, 4);
	memcpy(b->wire + WEFT_TUNNEL_OVERHEAD, inner, sizeof(inner));
}

static void
enter(struct bench *b, uint64_t key, uint16_t number)
{
	*weft_mactab_free_way(&b->snap.static_macs, key) =
		(struct weft_mac_entry){ .key = key, .port = number, .gen = 1 };
}

static void
set_tunnel(struct bench *b, enum weft_tunnel tunnel)
{
	b->domains.domain[1].tunnel = tunnel;
	b->domains.domain[1].vni = VNI;
	enter(b, weft_tunnel_key(tunnel, VNI, 0), 1);
}

static int
set_up_ports(struct bench *b)
{
	struct weft_underlay *underlay = calloc(1, sizeof(*underlay) + sizeof(underlay->peer[0]));

	if (underlay == NULL || weft_mactab_init(&b->snap.static_macs, 64, 1))
		return -1;
	underlay->address = rte_cpu_to_be_32(0xc0000201);
	underlay->n_peers = 1;
	underlay->peer[0] = HOST;
	b->peer.address = b->peer.hop = rte_cpu_to_be_32(0xc0000202);
	b->peer.uplink = UPLINK;
	weft_peer_init(&b->peer, underlay->address);
	b->neighbour[HOST].mac = MAC_OF(9);
	b->neighbour[HOST].hop = b->peer.hop;
	b->mac[UPLINK] = MAC_OF(8);
	for (uint16_t i = GUEST; i <= OTHER_GUEST; i++) {
		b->ports.port[i] = (struct weft_port_conf){ .gen = 1,
			.native = 1,
			.tpid = 0x8100,
			.mtu = 1500,
			.up = true,
			.guard = WEFT_GUARD_MAC,
			.mac = MAC_OF(i) };
		enter(b, weft_mac_key(1, MAC_OF(i)), i);
	}
	b->ports.port[UPLINK] = (struct weft_port_conf){
		.gen = 1, .tagging = WEFT_TAG_UPLINK, .mtu = 1550, .up = true, .underlay = underlay
	};
	b->ports.port[HOST] = (struct weft_port_conf){
		.gen = 1, .tagging = WEFT_TAG_PEER, .owner = WEFT_OWNER_NONE, .mtu = 9000, .up = true, .peer = &b->peer
	};
	enter(b, weft_mac_key(1, MAC_OF(HOST)), HOST);
	enter(b, weft_peer_key(b->peer.address), HOST);
	b->snap.underlay = UPLINK;
	return 0;
}

static struct bench *
new_bench(void)
{
	struct bench *b = rte_zmalloc(NULL, sizeof(*b), RTE_CACHE_LINE_SIZE);
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("bench", 1023, 32, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct weft_worker *w = rte_zmalloc(NULL, sizeof(*w), RTE_CACHE_LINE_SIZE);

	if (!b || !pool || !w || rte_pktmbuf_alloc_bulk(pool, b->pkts, BATCH))
		return NULL;
	b->w = w;
	w->stats = rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(w->stats[0]), RTE_CACHE_LINE_SIZE);
	w->port_out = rte_zmalloc(NULL, N_PORTS * sizeof(w->port_out[0]), RTE_CACHE_LINE_SIZE);
	w->fdb = weft_fdb_new(16, 300, 1);
	w->neighbour = b->neighbour;
	w->mac = b->mac;
	w->flush_port = flush;
	w->snap = &b->snap;
	b->snap = (struct weft_snapshot){ .version = 1 };
	weft_snapshot_blank(&b->snap);
	b->snap.port_page[0] = &b->ports;
	b->snap.domain_page[0] = &b->domains;
	return w->stats && w->port_out && w->fdb && set_up_ports(b) == 0 ? b : NULL;
}

int
main(void)
{
	static char arg[][40] = { "bench", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m256",
		"--lcores=0@1", "--log-level=*:error" };
	static const char *const names[] = { [WEFT_TUNNEL_VXLAN] = "vxlan", [WEFT_TUNNEL_GENEVE] = "geneve" };
	char *argv[RTE_DIM(arg) + 1] = { NULL }, name[32];
	json_t *cases = json_array(), *report;
	struct bench *b;

	for (unsigned int i = 0; i < RTE_DIM(arg); i++)
		argv[i] = arg[i];
	if (rte_eal_init(RTE_DIM(arg), argv) < 0 || (b = new_bench()) == NULL) {
		fprintf(stderr, "bench_overlay: no memory\n");
		return 1;
	}
	write_frame(b, OTHER_GUEST, GUEST);
	json_array_append_new(cases, run_case(b, "local", GUEST, OTHER_GUEST));
	for (enum weft_tunnel tunnel = WEFT_TUNNEL_VXLAN; tunnel <= WEFT_TUNNEL_GENEVE; tunnel++) {
		set_tunnel(b, tunnel);
		write_frame(b, HOST, GUEST);
		snprintf(name, sizeof(name), "%s-encap", names[tunnel]);
		json_array_append_new(cases, run_case(b, name, GUEST, UPLINK));
		write_tunnelled(b);
		snprintf(name, sizeof(name), "%s-decap", names[tunnel]);
		json_array_append_new(cases, run_case(b, name, UPLINK, GUEST));
	}
	report = json_pack("{s:s, s:i, s:o}", "bench", "overlay", "batch", BATCH, "cases", cases);
	json_dumpf(report, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(5));
	putchar('\n');
	json_decref(report);
	return 0;
}
