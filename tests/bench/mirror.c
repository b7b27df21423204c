// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A guest and another host at once: port 0 is the guest's, port 1 the wire. What the guest sends comes to the wire in a
// tunnel, is turned round there as if the other host's guest had answered, and comes back to the guest, who sends it
// again. So packets go round for ever, each once into the tunnel and once out of it.
//
// Usage: mirror EAL-ARGUMENTS -- FLOWS ADDRESS
// FLOWS is how many UDP flows there are; ADDRESS is the other host's, in hexadecimal, for which ARP is answered. Prints
// "ready" once packets go round, and a line of counters for every line that it reads: seconds, and what came to each
// port.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define BURST	32
#define WINDOW	512 // packets that go round
#define RING	1024
#define FRAME	60
#define OUTER	50   // without options
#define RESPITE 0.05 // seconds without a packet after which all of them are sent anew

static struct rte_mempool *pool;
static uint64_t received[2];
static uint32_t n_flows, address;

static void
swap(uint8_t *a, uint8_t *b, size_t size)
{
	uint8_t c[8];

	memcpy(c, a, size);
	memcpy(a, b, size);
	memcpy(b, c, size);
}

// A frame of IPv4 and UDP from the other end; checksums stay what they are.
static void
turn_round(uint8_t *frame)
{
	swap(frame, frame + 6, 6);
	swap(frame + 26, frame + 30, 4);
	swap(frame + 34, frame + 36, 2);
}

// FLOW's first frame, from 02:00:00:00:00:00 and 10.0.0.1 to 02:00:00:00:00:01 and 10.0.0.2.
static void
write_frame(uint8_t *p, uint32_t flow)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 8, 0, 0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17,
		0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 0, 0, 7, 0, 26, 0, 0 };
	uint32_t sum = 0x4500 + 46 + 0x4000 + 0x4011 + 0x0a00 + 1 + 0x0a00 + 2;

	memset(p, 0, FRAME);
	memcpy(p, head, sizeof(head));
	sum = ~((sum & 0xffff) + (sum >> 16)); // of the header, without its own
	p[24] = (uint8_t)(sum >> 8);
	p[25] = (uint8_t)sum;
	p[34] = (uint8_t)((1024 + flow) >> 8);
	p[35] = (uint8_t)(1024 + flow);
}

static void
send_all(uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent = rte_eth_tx_burst(port, 0, pkts, n);

	rte_pktmbuf_free_bulk(pkts + sent, n - sent);
}

static void
start_round(void)
{
	for (uint32_t i = 0; i < WINDOW; i += BURST) {
		struct rte_mbuf *pkts[BURST];

		if (rte_pktmbuf_alloc_bulk(pool, pkts, BURST))
			return;
		for (uint32_t k = 0; k < BURST; k++) {
			pkts[k]->data_len = pkts[k]->pkt_len = FRAME;
			write_frame(rte_pktmbuf_mtod(pkts[k], uint8_t *), (i + k) % n_flows);
		}
		send_all(0, pkts, BURST);
	}
}

// Frames come from another core's cache: two lines of each.
static void
fetch(struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], uint8_t *));
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], uint8_t *) + 64);
	}
}

static void
guest(void)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = rte_eth_rx_burst(0, 0, pkts, BURST), kept = 0;

	fetch(pkts, n);
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *p = rte_pktmbuf_mtod(pkts[i], uint8_t *);

		if (p[12] == 8 && p[13] == 0 && p[23] == 17) {
			turn_round(p);
			pkts[kept++] = pkts[i];
		} else {
			rte_pktmbuf_free(pkts[i]);
		}
	}
	received[0] += kept;
	if (kept)
		send_all(0, pkts, kept);
}

// Answers the question for this host's address. False: it is for another's.
static bool
answer_arp(uint8_t *p)
{
	uint32_t target = rte_cpu_to_be_32(address);

	if (p[21] != 1 || memcmp(p + 38, &target, 4))
		return false;
	p[21] = 2;
	swap(p + 28, p + 38, 4);
	memcpy(p + 32, p + 22, 6);
	memcpy(p + 22, (uint8_t[]){ 2, 0, 0, 0, 1, 1 }, 6);
	memcpy(p, p + 6, 6);
	memcpy(p + 6, p + 22, 6);
	return true;
}

static void
wire(void)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = rte_eth_rx_burst(1, 0, pkts, BURST), kept = 0;

	fetch(pkts, n);
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *p = rte_pktmbuf_mtod(pkts[i], uint8_t *);
		bool keep = false;

		if (p[12] == 8 && p[13] == 6) {
			keep = answer_arp(p);
		} else if (p[12] == 8 && p[13] == 0 && p[23] == 17 && (p[36] == 0x12 || p[36] == 0x17)) {
			uint32_t options = p[36] == 0x17 ? (p[42] & 0x3f) * 4u : 0;

			swap(p, p + 6, 6);
			swap(p + 26, p + 30, 4);
			turn_round(p + OUTER + options);
			received[1]++;
			keep = true;
		}
		if (keep)
			pkts[kept++] = pkts[i];
		else
			rte_pktmbuf_free(pkts[i]);
	}
	if (kept)
		send_all(1, pkts, kept);
}

static int
start_port(uint16_t port)
{
	const struct rte_eth_conf conf = { 0 };
	int ret = rte_eth_dev_configure(port, 1, 1, &conf);

	if (ret == 0)
		ret = rte_eth_rx_queue_setup(port, 0, RING, SOCKET_ID_ANY, NULL, pool);
	if (ret == 0)
		ret = rte_eth_tx_queue_setup(port, 0, RING, SOCKET_ID_ANY, NULL);
	return ret ? ret : rte_eth_dev_start(port);
}

// Whether to go on: a line that was read is answered.
static bool
tell(double seconds)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));

	if (n > 0)
		printf("%.6f %llu %llu\n", seconds, (unsigned long long)received[0], (unsigned long long)received[1]);
	return n != 0;
}

static void
run(void)
{
	uint64_t hz = rte_get_tsc_hz(), begin = rte_rdtsc(), checked = begin, told = begin, before = 0;
	bool ready = false;

	for (;;) {
		uint64_t now = rte_rdtsc();

		guest();
		wire();
		if (now - checked > RESPITE * hz) {
			checked = now;
			if (received[0] == before)
				start_round();
			else if (!ready && (ready = true))
				puts("ready");
			before = received[0];
		}
		if (now - told > hz / 1000) {
			told = now;
			if (!tell((double)(now - begin) / hz))
				return;
		}
	}
}

int
main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv);

	if (used < 0 || argc - used != 3) {
		fprintf(stderr, "usage: mirror EAL-ARGUMENTS -- FLOWS ADDRESS\n");
		return 1;
	}
	n_flows = (uint32_t)strtoul(argv[used + 1], NULL, 10);
	address = (uint32_t)strtoul(argv[used + 2], NULL, 16);
	setvbuf(stdout, NULL, _IOLBF, 0);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	pool = rte_pktmbuf_pool_create("mirror", 16383, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL || n_flows == 0 || start_port(0) || start_port(1)) {
		fprintf(stderr, "mirror: cannot start\n");
		return 1;
	}
	run();
	return 0;
}
