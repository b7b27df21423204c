// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A guest with two or three virtio ports that has connections: port 0 is the client's, port 1 the server's, port 2
// somebody else's who may misbehave. It keeps a window of packets under way in each direction, so that nothing
// overflows.
//
// Usage: flows EAL-ARGUMENTS -- MODE CONNECTIONS [ATTACK RATE]
// MODE is established (opens them all, then sends segments of any) or cps (whole connections of six packets, one after
// the other). ATTACK is none, syn, scan, fragments, overlaps, resets, icmp, garbage: so many packets a second from
// port 2. Prints "ready" once connections are open, and a line of counters for every line that it reads. A line that
// begins with r rests the attack (its packets are made, but not sent), one that begins with a goes on with it.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "tests/harness/put.h"
#include "tests/harness/random.h"

#define BURST	32
#define WINDOW	256 // packets under way in a direction
#define SLOTS	8   // groups of BURST connections that cps has under way
#define RING	1024
#define FRAME	60
#define IP_LEN	40 // behind it, padding
#define TCP_AT	34
#define SYN	0x02
#define ACK	0x10
#define FIN	0x01
#define RST	0x04
#define RESPITE 0.2 // seconds without an answer after which a group starts anew

enum attack { NONE, SYN_FLOOD, SCAN, FRAGMENTS, OVERLAPS, RESETS, ICMP, GARBAGE, N_ATTACKS };
static const char *const attack_names[] = { "none", "syn", "scan", "fragments", "overlaps", "resets", "icmp",
	"garbage" };

struct slot {
	uint32_t first; // connection
	unsigned int step, arrived;
	uint64_t since;
};

static struct rte_mempool *pool;
static uint64_t rx[3], tx[3], finished;
static bool resting;
static uint64_t state = RANDOM_SEED;
static uint32_t n_conns;
static struct slot slots[SLOTS];
static uint32_t next_conn = 1 << 25;

static uint32_t
fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static uint32_t
halves(uint32_t word)
{
	return (word >> 16) + (word & 0xffff);
}

// An IPv4 frame from port FROM to port TO; what is behind the header is the caller's.
static uint8_t *
ip_frame(uint8_t *p, unsigned int from, unsigned int to, uint8_t proto, uint32_t src, uint32_t dst, uint32_t frag)
{
	uint32_t sum = 0x4500 + IP_LEN + (frag >> 16) + (frag & 0xffff) + (64 << 8 | proto) + halves(src) + halves(dst);

	memset(p, 0, FRAME);
	p[0] = p[6] = 2;
	p[5] = (uint8_t)to;
	p[11] = (uint8_t)from;
	put16(p + 12, 0x0800);
	put16(p + 14, 0x4500);
	put16(p + 16, IP_LEN);
	put32(p + 18, frag); // identification, flags and offset
	p[22] = 64;
	p[23] = proto;
	put16(p + 24, ~fold(sum));
	put32(p + 26, src);
	put32(p + 30, dst);
	return p + TCP_AT;
}

static void
tcp_frame(uint8_t *p, unsigned int from, unsigned int to, uint32_t src, uint32_t dst, uint32_t ports, uint8_t flags,
	uint32_t seq, uint32_t ack)
{
	uint8_t *tcp = ip_frame(p, from, to, 6, src, dst, 0x4000);
	uint32_t sum = halves(src) + halves(dst) + 6 + (IP_LEN - 20) + halves(ports) + halves(seq) + halves(ack) +
		       (0x5000u | flags) + 0x7fff;

	put32(tcp, ports);
	put32(tcp + 4, seq);
	put32(tcp + 8, ack);
	tcp[12] = 0x50;
	tcp[13] = flags;
	put16(tcp + 14, 0x7fff);
	put16(tcp + 16, ~fold(sum));
}

#define CLIENT(c)      (0x0a000000 | ((c) >> 8 & 0xffff))
#define SERVER	       0x0a800001u
#define CLIENT_PORT(c) (1024 + ((c)&0xff) * 64 + ((c) >> 24 & 63))
#define CLIENT_SEQ(c)  ((c)*2654435761u)
#define SERVER_SEQ(c)  ((c)*2246822519u)

// A segment of connection C, from the client or as a REPLY.
static void
segment(uint8_t *p, uint32_t c, bool reply, uint8_t flags, uint32_t seq, uint32_t ack)
{
	uint32_t there = CLIENT_PORT(c) << 16 | 80, back = 80u << 16 | CLIENT_PORT(c);

	tcp_frame(p, reply ? 1 : 0, reply ? 0 : 1, reply ? SERVER : CLIENT(c), reply ? CLIENT(c) : SERVER,
		reply ? back : there, flags, seq, ack);
}

// Steps of a connection; no segment carries data.
static const struct step {
	uint8_t flags;
	bool reply;
} steps[] = { { SYN, false }, { SYN | ACK, true }, { ACK, false }, { FIN | ACK, false }, { FIN | ACK, true },
	{ ACK, false } };

static void
step_segment(uint8_t *p, uint32_t c, unsigned int step)
{
	// What each end has sent before the step: one for SYN and FIN.
	static const uint32_t client[] = { 0, 1, 1, 1, 2, 2 }, server[] = { 0, 0, 1, 1, 1, 2 };
	uint32_t s = CLIENT_SEQ(c) + client[step], r = SERVER_SEQ(c) + server[step];

	segment(p, c, steps[step].reply, steps[step].flags, steps[step].reply ? r : s,
		step == 0	    ? 0
		: steps[step].reply ? s
				    : r);
}

// Makes P, a segment of some connection, an acknowledgment in connection C, in which nothing moves.
static void
open_segment(uint8_t *p, uint32_t c, bool reply)
{
	// What does not change from one connection to the next.
	const uint32_t ip_sum = 0x4500 + IP_LEN + 0x4000 + (64 << 8 | 6) + halves(SERVER);
	const uint32_t tcp_sum = halves(SERVER) + 6 + (IP_LEN - 20) + 80 + (0x5000u | ACK) + 0x7fff;
	uint32_t client = CLIENT(c), port = CLIENT_PORT(c), s = CLIENT_SEQ(c) + 1, r = SERVER_SEQ(c) + 1;

	p[5] = reply ? 0 : 1;
	p[11] = reply ? 1 : 0;
	put16(p + 24, ~fold(ip_sum + halves(client)));
	put32(p + 26, reply ? SERVER : client);
	put32(p + 30, reply ? client : SERVER);
	put32(p + TCP_AT, reply ? 80u << 16 | port : port << 16 | 80);
	put32(p + TCP_AT + 4, reply ? r : s);
	put32(p + TCP_AT + 8, reply ? s : r);
	put16(p + TCP_AT + 16, ~fold(tcp_sum + halves(client) + port + halves(s) + halves(r)));
}

static struct rte_mbuf *
new_frame(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m)
		rte_pktmbuf_append(m, FRAME);
	return m;
}

static uint8_t *
data(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, uint8_t *);
}

// Sends N frames that BUILD writes. Returns how many went out.
static unsigned int
send_frames(uint16_t port, unsigned int n, void (*build)(uint8_t *p, unsigned int i, void *arg), void *arg)
{
	struct rte_mbuf *pkts[BURST];
	unsigned int made = 0, sent;

	while (made < n && (pkts[made] = new_frame()) != NULL) {
		build(data(pkts[made]), made, arg);
		made++;
	}
	sent = port == 2 && resting ? 0 : rte_eth_tx_burst(port, 0, pkts, made);
	for (unsigned int i = sent; i < made; i++)
		rte_pktmbuf_free(pkts[i]);
	tx[port] += sent;
	return sent;
}

// A connection at random.
static uint32_t
any_conn(void)
{
	return (uint32_t)((uint64_t)random_next(&state) * n_conns >> 32);
}

static void
build_any(uint8_t *p, unsigned int i, void *arg)
{
	(void)i;
	segment(p, any_conn(), *(bool *)arg, ACK, 0, 0);
	open_segment(p, any_conn(), *(bool *)arg);
}

static void
build_step(uint8_t *p, unsigned int i, void *arg)
{
	const struct slot *slot = arg;

	step_segment(p, slot->first + i, slot->step);
}

static void
build_attack(uint8_t *p, unsigned int i, void *arg)
{
	uint32_t src = 0x0a400000 | (random_next(&state) & 0xffff), dst = SERVER, r = random_next(&state),
		 c = any_conn();
	uint8_t *l4;

	(void)i;
	switch (*(enum attack *)arg) {
	case SYN_FLOOD:
		tcp_frame(p, 2, 1, src, dst, (r & 0xffff0000) | 80, SYN, r, 0);
		break;
	case SCAN: // every packet its own addresses and ports: tuple space explosion
		tcp_frame(p, 2, 1, random_next(&state), random_next(&state), random_next(&state), SYN, r, 0);
		break;
	case FRAGMENTS:
		l4 = ip_frame(p, 2, 1, 17, src, dst, (r & 0xffff0000) | 0x2000);
		put32(put32(l4, 7u << 16 | 80), 100u << 16);
		break;
	case OVERLAPS:
		l4 = ip_frame(p, 2, 1, 17, 0x0a400001, dst, (r & 7) << 16 | 0x2000 | (r >> 8 & 3));
		put32(put32(l4, 7u << 16 | 80), 100u << 16);
		break;
	case RESETS: // of the victim's connections, at a guess
		tcp_frame(p, 2, 1, CLIENT(c), dst, CLIENT_PORT(c) << 16 | 80, RST, r, 0);
		break;
	case ICMP: // destination unreachable, about the victim's connections
		l4 = ip_frame(p, 2, 1, 1, src, dst, 0);
		l4[0] = 3;
		break;
	default:
		for (unsigned int k = 12; k < FRAME; k++)
			p[k] = (uint8_t)random_next(&state);
		p[0] = p[6] = 2;
		p[1] = p[2] = p[3] = p[4] = p[7] = p[8] = p[9] = p[10] = 0;
		p[5] = 1;
		p[11] = 2;
		put16(p + 12, 0x0800);
	}
}

// The connection that a frame is of.
static uint32_t
conn_of(const uint8_t *p)
{
	bool reply = p[11] == 1;
	const uint8_t *client = p + (reply ? 30 : 26), *port = p + TCP_AT + (reply ? 2 : 0);
	uint32_t v = (uint32_t)(port[0] << 8 | port[1]) - 1024;

	return (uint32_t)(client[2] << 8 | client[3]) << 8 | (v / 64 & 0xff) | (v & 63) << 24;
}

static void
start_slot(struct slot *slot)
{
	next_conn = (next_conn + BURST) % (1u << 29);
	slot->first = next_conn | 1 << 25;
	slot->first -= slot->first % BURST;
	slot->step = slot->arrived = 0;
	slot->since = rte_rdtsc();
	send_frames(0, BURST, build_step, slot);
}

static void
arrived(const uint8_t *p)
{
	uint32_t c = conn_of(p);

	for (unsigned int i = 0; i < SLOTS; i++) {
		struct slot *slot = &slots[i];

		if (c - slot->first >= BURST)
			continue;
		if (++slot->arrived < BURST)
			return;
		slot->arrived = 0;
		slot->since = rte_rdtsc();
		if (++slot->step < RTE_DIM(steps)) {
			send_frames(steps[slot->step].reply ? 1 : 0, BURST, build_step, slot);
			return;
		}
		finished += BURST;
		start_slot(slot);
		return;
	}
}

static void
receive(uint16_t port, bool cps)
{
	struct rte_mbuf *pkts[BURST];
	unsigned int n = rte_eth_rx_burst(port, 0, pkts, BURST);

	rx[port] += n;
	for (unsigned int i = 0; cps && port < 2 && i < n; i++)
		arrived(data(pkts[i]));
	rte_pktmbuf_free_bulk(pkts, n);
}

// What arrives goes back as a segment of another connection.
static void
bounce(uint16_t port)
{
	struct rte_mbuf *pkts[BURST];
	unsigned int n = rte_eth_rx_burst(port, 0, pkts, BURST), kept = 0, sent;

	for (unsigned int i = 0; i < n; i++) {
		uint8_t *p = data(pkts[i]);

		// The third port's, or an answer to that.
		if (p[11] > 1 || p[23] != 6) {
			rte_pktmbuf_free(pkts[i]);
			continue;
		}
		open_segment(p, any_conn(), port == 1);
		pkts[kept++] = pkts[i];
	}
	rx[port] += kept;
	sent = rte_eth_tx_burst(port, 0, pkts, kept);
	tx[port] += sent;
	rte_pktmbuf_free_bulk(pkts + sent, kept - sent);
}

// Opens all connections, each step for a burst at a time.
static void
open_all(void)
{
	for (uint32_t c = 0; c < n_conns; c += BURST) {
		struct slot slot = { .first = c };
		unsigned int n = RTE_MIN((uint32_t)BURST, n_conns - c);

		for (slot.step = 0; slot.step < 3; slot.step++) {
			uint16_t to = steps[slot.step].reply ? 0 : 1;
			uint64_t before = rx[to], end = rte_rdtsc() + rte_get_tsc_hz();

			send_frames(!to, n, build_step, &slot);
			while (rx[to] < before + n && rte_rdtsc() < end)
				receive(to, false);
		}
	}
}

static void
set_up(uint16_t port)
{
	struct rte_eth_conf conf = { 0 };

	if (rte_eth_dev_configure(port, 1, 1, &conf) ||
		rte_eth_rx_queue_setup(port, 0, RING, SOCKET_ID_ANY, NULL, pool) ||
		rte_eth_tx_queue_setup(port, 0, RING, SOCKET_ID_ANY, NULL) || rte_eth_dev_start(port))
		rte_exit(1, "flows: port %u does not start\n", port);
}

// Answers a line, if there is one. False: the input has ended.
static bool
answer(void)
{
	char line[64];
	ssize_t n = read(0, line, sizeof(line));

	if (n == 0)
		return false;
	if (n > 0) {
		resting = line[0] == 'r' || (resting && line[0] != 'a');
		printf("%.6f %llu %llu %llu %llu %llu %llu\n", (double)rte_rdtsc() / rte_get_tsc_hz(),
			(unsigned long long)tx[0], (unsigned long long)tx[1], (unsigned long long)rx[0],
			(unsigned long long)rx[1], (unsigned long long)tx[2], (unsigned long long)finished);
		fflush(stdout);
	}
	return true;
}

// Has a window of packets go round in each direction.
static void
fill_window(void)
{
	bool reply[2] = { false, true };

	for (uint16_t port = 0; port < 2; port++)
		for (unsigned int i = 0; i < WINDOW; i += BURST)
			send_frames(port, BURST, build_any, &reply[port]);
}

static void
run(bool cps, enum attack attack, uint64_t rate)
{
	uint64_t hz = rte_get_tsc_hz(), ask = 0, start = rte_rdtsc(), attacked = 0, seen = 0;

	for (unsigned int i = 0; cps && i < SLOTS; i++)
		start_slot(&slots[i]);
	for (;;) {
		uint64_t now = rte_rdtsc();

		if (now > ask) {
			ask = now + hz / 50;
			if (!answer())
				return;
			// What was lost is not waited for.
			if (!cps && rx[0] + rx[1] == seen)
				fill_window();
			seen = rx[0] + rx[1];
			for (unsigned int i = 0; cps && i < SLOTS; i++)
				if (now - slots[i].since > RESPITE * hz)
					start_slot(&slots[i]);
		}
		for (uint16_t port = 0; port < 2; port++)
			cps ? receive(port, true) : bounce(port);
		if (attack != NONE && (double)(now - start) * rate / hz > attacked) {
			send_frames(2, 8, build_attack, &attack);
			attacked += 8;
		}
		if (rte_eth_dev_count_avail() > 2)
			receive(2, false);
	}
}

int
main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv);
	enum attack attack = NONE;
	bool cps;

	if (used < 0 || argc - used < 3)
		rte_exit(1, "usage: flows EAL-ARGUMENTS -- established|cps CONNECTIONS [ATTACK RATE]\n");
	argv += used;
	argc -= used;
	cps = strcmp(argv[1], "cps") == 0;
	n_conns = (uint32_t)strtoul(argv[2], NULL, 10);
	for (unsigned int i = 0; argc > 4 && i < N_ATTACKS; i++)
		if (strcmp(argv[3], attack_names[i]) == 0)
			attack = i;
	pool = rte_pktmbuf_pool_create("flows", 16383, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL)
		rte_exit(1, "flows: no memory\n");
	for (uint16_t port = 0; port < rte_eth_dev_count_avail(); port++)
		set_up(port);
	fcntl(0, F_SETFL, O_NONBLOCK);
	// A switch that has just been connected to needs a moment.
	rte_delay_ms(500);
	if (!cps)
		open_all();
	printf("ready\n");
	fflush(stdout);
	run(cps, attack, argc > 4 ? strtoull(argv[4], NULL, 10) : 0);
	rte_eal_cleanup();
	return 0;
}
