// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The chain in one thread on packets in memory, with a tunnel and without: what putting frames into tunnels and taking
// them out costs. Prints JSON. Each figure is taken over many short rounds of one vector; the median and the minimum
// stand.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <rte_malloc.h>

#include "weft/fdb.h"

#include "pipeline/base/bytes.h"
#include "chain.h"
#include "cycles.h"
#include "tests/harness/eal.h"

#define BATCH  32
#define ROUNDS 20000
#define TURN   1000 // rounds of one case before the next one's
#define FRAME  60   // without FCS
#define VNI    70001

enum { NONE, GUEST, OTHER_GUEST, UPLINK, HOST, N_PORTS }; // slots

#define MAC_OF(slot) (UINT64_C(0x020000000000) + (slot))

// Frames that come in at IN and leave by OUT.
struct bench_case {
	const char *name;
	uint16_t in, out;
	enum weft_tunnel tunnel;
	uint8_t wire[256];
	unsigned int wire_len;
	uint32_t cycles[WEFT_N_STAGES + 1][ROUNDS];
};

static struct bench_case cases[] = {
	{ .name = "local", .in = GUEST, .out = OTHER_GUEST },
	{ .name = "vxlan-encap", .in = GUEST, .out = UPLINK, .tunnel = WEFT_TUNNEL_VXLAN },
	{ .name = "vxlan-decap", .in = UPLINK, .out = GUEST, .tunnel = WEFT_TUNNEL_VXLAN },
	{ .name = "geneve-encap", .in = GUEST, .out = UPLINK, .tunnel = WEFT_TUNNEL_GENEVE },
	{ .name = "geneve-decap", .in = UPLINK, .out = GUEST, .tunnel = WEFT_TUNNEL_GENEVE },
};

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
};

// Fresh frames, as a burst that was just copied in: the lines are in the cache.
static void
fill(struct bench *b, const struct bench_case *c)
{
	b->vec.n = BATCH;
	for (unsigned int i = 0; i < BATCH; i++) {
		struct rte_mbuf *m = b->pkts[i];

		rte_pktmbuf_reset(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)c->wire_len), c->wire, c->wire_len);
		b->vec.pkts[i] = m;
		b->vec.lanes[i].in = m->port = c->in;
	}
}

// Returns whether all frames have left by PORT.
static bool
clear(struct bench *b, uint16_t port)
{
	bool all = b->w->outbox.port[port].n == BATCH;

	bench_clear(b->w);
	return all;
}

static bool
run_round(struct bench *b, struct bench_case *c, unsigned int r)
{
	fill(b, c);
	c->cycles[WEFT_N_STAGES][r] = bench_time_chain(b->w, &b->vec);
	if (!clear(b, c->out))
		return false;
	fill(b, c);
	bench_time_stages(b->w, &b->vec, &c->cycles[0][r], ROUNDS);
	return clear(b, c->out);
}

static json_t *
report_case(struct bench_case *c, uint32_t overhead)
{
	json_t *stages = json_object();

	for (unsigned int i = 0; i < WEFT_N_STAGES; i++)
		json_object_set_new(stages, weft_chain[i].name, bench_figures(c->cycles[i], ROUNDS, overhead, BATCH));
	return json_pack("{s:s, s:o, s:o}", "name", c->name, "weft",
		bench_figures(c->cycles[WEFT_N_STAGES], ROUNDS, overhead, BATCH), "stages", stages);
}

// A UDP datagram from SRC's MAC to DST's.
static void
write_frame(uint8_t *frame, uint16_t dst, uint16_t src)
{
	static const uint8_t payload[] = { 0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0,
		2, 0, 1, 0, 2, 0, 26, 0, 0 };

	memset(frame, 0, FRAME);
	write_mac(frame, MAC_OF(dst));
	write_mac(frame + 6, MAC_OF(src));
	memcpy(frame + 12, payload, sizeof(payload));
}

// The frame that case C is about. What comes from the other host is what the chain makes of a frame to it, turned
// round.
static void
prepare(struct bench *b, struct bench_case *c)
{
	struct bench_case there = { .in = GUEST, .wire_len = FRAME };
	const uint8_t *p;

	c->wire_len = FRAME;
	write_frame(c->wire, c->out == UPLINK ? HOST : c->out, c->in);
	if (c->in != UPLINK)
		return;
	write_frame(there.wire, HOST, GUEST);
	fill(b, &there);
	weft_chain_run(b->w, &b->vec, false);
	clear(b, UPLINK);
	p = rte_pktmbuf_mtod(b->pkts[0], const uint8_t *);
	c->wire_len = b->pkts[0]->pkt_len;
	memcpy(c->wire, p, c->wire_len - FRAME);
	memcpy(c->wire + 26, p + 30, 4);
	memcpy(c->wire + 30, p + 26, 4);
	write_frame(c->wire + c->wire_len - FRAME, GUEST, HOST);
}

static void
enter(struct bench *b, uint64_t key, uint16_t number)
{
	*weft_mactab_free_way(&b->snap.static_macs, key) =
		(struct weft_mac_entry){ .key = key, .port = number, .gen = 1 };
}

static int
set_up_ports(struct bench *b)
{
	struct weft_underlay *underlay = calloc(1, sizeof(*underlay) + sizeof(underlay->peer[0]));

	if (underlay == NULL || weft_mactab_init(&b->snap.static_macs, 64, 1))
		return -1;
	underlay->address = weft_ip4(rte_cpu_to_be_32(0xc0000201));
	underlay->n_peers = 1;
	underlay->peer[0] = HOST;
	b->peer.address = b->peer.hop = weft_ip4(rte_cpu_to_be_32(0xc0000202));
	b->peer.uplink = UPLINK;
	weft_peer_init(&b->peer, &underlay->address);
	b->neighbour[HOST].mac = MAC_OF(9);
	b->neighbour[HOST].hop = b->peer.hop_number;
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
	enter(b, weft_peer_key(&b->peer.address), HOST);
	enter(b, weft_tunnel_key(WEFT_TUNNEL_VXLAN, VNI, 0), 1);
	enter(b, weft_tunnel_key(WEFT_TUNNEL_GENEVE, VNI, 0), 1);
	b->domains.domain[1].vni = VNI;
	b->domains.domain[1].mtu = 1400;
	b->domains.domain[1].changed = 5;
	b->snap.underlay = UPLINK;
	b->snap.cluster = 1;
	weft_stamp_make(b->snap.stamp, 1, 7);
	return 0;
}

static struct bench *
new_bench(void)
{
	struct bench *b = rte_zmalloc(NULL, sizeof(*b), RTE_CACHE_LINE_SIZE);
	struct weft_worker *w = b ? bench_new_worker(N_PORTS, b->pkts, BATCH) : NULL;

	if (w == NULL)
		return NULL;
	b->w = w;
	w->fdb = weft_fdb_new(16, 300, 1);
	w->overlay.neighbour = b->neighbour;
	w->overlay.mac = b->mac;
	w->snap = &b->snap;
	b->snap = (struct weft_snapshot){ .version = 1 };
	weft_snapshot_blank(&b->snap);
	b->snap.port_page[0] = &b->ports;
	b->snap.domain_page[0] = &b->domains;
	return w->fdb && set_up_ports(b) == 0 ? b : NULL;
}

// One turn of case C.
static void
run_turn(struct bench *b, struct bench_case *c, unsigned int first)
{
	b->domains.domain[1].tunnel = c->tunnel;
	if (first == 0)
		prepare(b, c);
	for (unsigned int r = first; r < first + TURN; r++) {
		if (!run_round(b, c, r)) {
			fprintf(stderr, "bench_overlay: %s: frames did not leave by port %u\n", c->name, c->out);
			exit(1);
		}
	}
}

int
main(void)
{
	json_t *list = json_array(), *report;
	struct bench *b;

	if (EAL_START("--no-huge", "-m256", "--lcores=0@1", "--log-level=*:error") < 0 || (b = new_bench()) == NULL) {
		fprintf(stderr, "bench_overlay: no memory\n");
		return 1;
	}
	for (unsigned int first = 0; first < ROUNDS; first += TURN)
		for (unsigned int i = 0; i < RTE_DIM(cases); i++)
			run_turn(b, &cases[i], first);
	for (unsigned int i = 0; i < RTE_DIM(cases); i++)
		json_array_append_new(list, report_case(&cases[i], bench_stamp_cost()));
	report = json_pack("{s:s, s:i, s:o}", "bench", "overlay", "batch", BATCH, "cases", list);
	bench_print(report);
	return 0;
}
