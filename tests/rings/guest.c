// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// guest_rings FEATURES PATH1 PATH2: a guest with two ports that sends TCP segments from the first to the second and
// lives on whatever happens to the switch. Every descriptor has to come back once, in order, and every frame as it was
// sent. Prints a line for each connection; ends when its standard input does, with the sums.
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "frontend.h"

#define SIZE	256 // entries of a ring
#define BUFFER	2048
#define HEADERS (sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_tcp_hdr))
#define HEADER	12 // virtio's

static struct frontend port[2];
static uint32_t cookie[2], n_sent, n_received, n_repeated, n_connections, next_number;

static uint8_t *
slot_of(const struct frontend *f, uint32_t c)
{
	return f->base + f->data + (uint64_t)(c % SIZE) * BUFFER;
}

static struct piece
piece_of(const struct frontend *f, uint32_t c, uint32_t len)
{
	return (struct piece){ FRONTEND_GPA + f->data + (uint64_t)(c % SIZE) * BUFFER, len };
}

// A segment whose sequence number and bytes are its number's.
static uint32_t
make_frame(uint8_t *p, uint32_t number)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)(void *)p;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(void *)(eth + 1);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(void *)(ip + 1);
	uint32_t data = 4 + number * 7919 % 1400;

	memset(p, 0, HEADERS);
	memcpy(eth->dst_addr.addr_bytes, "\x52\x54\0\0\0\2", 6);
	memcpy(eth->src_addr.addr_bytes, "\x52\x54\0\0\0\1", 6);
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_TCP;
	ip->src_addr = rte_cpu_to_be_32(0x0a000001);
	ip->dst_addr = rte_cpu_to_be_32(0x0a000002);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(HEADERS - sizeof(*eth) + data));
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->src_port = tcp->dst_port = rte_cpu_to_be_16(5001);
	tcp->sent_seq = rte_cpu_to_be_32(number);
	tcp->data_off = 5 << 4;
	tcp->tcp_flags = RTE_TCP_ACK_FLAG;
	for (uint32_t i = 0; i < data; i++)
		p[HEADERS + i] = (uint8_t)(number + i);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	return (uint32_t)HEADERS + data;
}

static void
offer(void)
{
	struct driver *d = &port[1].ring[0];

	while (driver_outstanding(d) < SIZE) {
		struct piece piece = piece_of(&port[1], cookie[1], BUFFER);

		driver_add(d, &piece, 1, false, cookie[1]++);
	}
}

static void
send_some(uint32_t n)
{
	struct driver *d = &port[0].ring[1];

	for (; n && driver_outstanding(d) < SIZE; n--) {
		uint8_t *p = slot_of(&port[0], cookie[0]);
		struct piece piece;

		memset(p, 0, HEADER);
		piece = piece_of(&port[0], cookie[0], HEADER + make_frame(p + HEADER, n_sent++));
		driver_add(d, &piece, 1, false, cookie[0]++);
	}
}

// What arrived must be a frame that was sent, whole. The switch may have died between sending it and taking note that
// it read it: then it comes again.
static void
receive(const uint8_t *p, uint32_t len)
{
	static uint8_t expected[BUFFER];
	uint32_t number;

	if (len < HEADER + HEADERS)
		errx(1, "a frame of %u bytes", len);
	memcpy(&number, p + HEADER + HEADERS - sizeof(struct rte_tcp_hdr) + 4, sizeof(number));
	number = rte_be_to_cpu_32(number);
	if (number >= n_sent || len != HEADER + make_frame(expected, number) ||
		memcmp(p + HEADER, expected, len - HEADER))
		errx(1, "a frame that was not sent: number %u, %u bytes", number, len);
	if (number < next_number)
		n_repeated++;
	else
		next_number = number + 1;
	n_received++;
}

static void
take(void)
{
	uint32_t c, len;

	while (driver_take(&port[0].ring[1], &c, &len))
		;
	while (driver_take(&port[1].ring[0], &c, &len))
		receive(slot_of(&port[1], c), len);
	for (unsigned int i = 0; i < 2; i++)
		for (unsigned int r = 0; r < 2; r++)
			if (port[i].ring[r].error[0])
				errx(1, "port %u, ring %u: %s", i, r, port[i].ring[r].error);
}

static bool
is_closed(const struct frontend *f)
{
	char byte;

	return recv(f->sock, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static void
keep_connected(void)
{
	bool fresh = false;

	for (unsigned int i = 0; i < 2; i++) {
		if (port[i].sock >= 0 && !is_closed(&port[i]))
			continue;
		if (frontend_connect(&port[i], 60))
			errx(1, "the switch does not come back");
		fresh = true;
	}
	if (fresh) {
		printf("connected %u\n", ++n_connections);
		fflush(stdout);
	}
}

static bool
is_over(void)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	char byte;

	return poll(&in, 1, 0) == 1 && read(0, &byte, 1) == 0;
}

int
main(int argc, char **argv)
{
	uint64_t features = argc == 4 ? strtoull(argv[1], NULL, 0) : 0;

	if (argc != 4)
		errx(1, "usage: guest_rings FEATURES PATH1 PATH2");
	for (unsigned int i = 0; i < 2; i++)
		frontend_init(&port[i], argv[2 + i], features, SIZE, true);
	while (!is_over()) {
		keep_connected();
		offer();
		send_some(32);
		take();
	}
	// The switch is there: whatever it has comes back.
	for (unsigned int i = 0; i < 10000 && driver_outstanding(&port[0].ring[1]); i++) {
		keep_connected();
		usleep(1000);
		offer();
		take();
	}
	printf("%u connections, %u sent, %u received, %u of them again, %u descriptors lost\n", n_connections, n_sent,
		n_received, n_repeated, driver_outstanding(&port[0].ring[1]));
	return driver_outstanding(&port[0].ring[1]) || n_received == 0;
}
