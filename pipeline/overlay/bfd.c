// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Bidirectional forwarding detection between hosts (RFC 5880, asynchronous mode; RFC 5881 over one hop, RFC 5883
// over more). The worker that receives a packet notes its contents; the worker that keeps the uplink runs the state
// machine.
#include "weft/bfd.h"

#include <netinet/in.h>

#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_random.h>

#include "pipeline/base/bytes.h"
#include "pipeline/send/emit.h"
#include "pipeline/send/next_hop.h"
#include "weft/worker.h"

#include "underlay.h"

#define PACKET	      24
#define VERSION	      1
#define POLL	      0x20
#define FINAL	      0x10
#define AUTHENTICATED 0x04
#define MULTIPOINT    0x01
#define TTL	      255
#define CLASS	      0xc0    // CS6: network control
#define SLOW_US	      1000000 // shortest interval before a session is up (6.8.3)

enum diagnostic { DIAG_NONE, DIAG_EXPIRED, DIAG_NEIGHBOUR_DOWN = 3 };

// The sender's session number, multiplier and state of a packet, as one word.
#define SAID(number, multiplier, state) ((uint64_t)(number) | (uint64_t)(multiplier) << 32 | (uint64_t)(state) << 40)
#define SAID_NUMBER(said)		((uint32_t)(said))
#define SAID_MULTIPLIER(said)		((uint8_t)((said) >> 32))
#define SAID_STATE(said)		((enum weft_bfd_state)((said) >> 40 & 3))

// This host's number of the session ("my discriminator"): no two sessions have the same.
static uint32_t
number_of(const struct weft_snapshot *snap, uint16_t slot)
{
	return (uint32_t)weft_snapshot_slot(snap, slot)->gen << 16 | slot;
}

static bool
is_direct(const struct weft_peer *peer)
{
	return weft_ip_same(&peer->hop, &peer->address);
}

// Whether P is a valid packet of the session with the host in SLOT (6.8.6).
static bool
is_valid(const struct weft_snapshot *snap, uint16_t slot, const struct weft_bfd *bfd, const uint8_t *p, uint32_t len)
{
	enum weft_bfd_state state = p[1] >> 6;
	uint32_t yours = be32(p + 8);

	if (p[0] >> 5 != VERSION || p[3] < PACKET || p[3] > len || p[2] == 0 || be32(p + 4) == 0 ||
		p[1] & (MULTIPOINT | AUTHENTICATED))
		return false;
	if (yours == 0)
		return state == WEFT_BFD_DOWN || state == WEFT_BFD_ADMIN_DOWN;
	return yours == number_of(snap, slot) &&
	       (atomic_load_explicit(&bfd->state, memory_order_relaxed) != WEFT_BFD_DOWN ||
		       state != WEFT_BFD_ADMIN_DOWN);
}

int
weft_bfd_hear(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i, uint16_t slot)
{
	const struct weft_lane *lane = &vec->lanes[i];
	const struct rte_mbuf *m = vec->pkts[i];
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *p = frame + lane->l4_off + 8;
	uint8_t ttl = frame[lane->l3_off + (lane->flags & WEFT_LANE_IPV6 ? 7 : 8)];
	uint32_t len = be16(frame + lane->l4_off + 4) - 8u;
	struct weft_bfd *bfd = &worker->overlay.bfd[slot];

	if (len < PACKET || lane->l4_off + 8u + PACKET > m->data_len || slot == WEFT_PORT_NONE ||
		!is_valid(worker->snap, slot, bfd, p, len))
		return WEFT_DROP_BFD_MALFORMED;
	// Over one hop no router has lowered the TTL (RFC 5881, 5).
	if (be16(frame + lane->l4_off + 2) == WEFT_BFD_PORT && ttl != TTL)
		return WEFT_DROP_BFD_MALFORMED;
	if (vec->dry_run)
		return -1;
	atomic_store_explicit(&bfd->timers, (uint64_t)be32(p + 12) << 32 | be32(p + 16), memory_order_relaxed);
	atomic_store_explicit(&bfd->said, SAID(be32(p + 4), p[2], p[1] >> 6), memory_order_relaxed);
	if (p[1] & POLL)
		atomic_fetch_add_explicit(&bfd->polls, 1, memory_order_relaxed);
	if (p[1] & FINAL)
		atomic_store_explicit(&bfd->final, true, memory_order_relaxed);
	atomic_store_explicit(&bfd->heard, vec->now, memory_order_release);
	return -1;
}

static void
enter_state(struct weft_bfd *bfd, enum weft_bfd_state state, enum diagnostic why, uint64_t now)
{
	if (atomic_load_explicit(&bfd->state, memory_order_relaxed) == state)
		return;
	if (state == WEFT_BFD_UP)
		bfd->polling = true; // the interval changes now (6.8.3)
	atomic_store_explicit(&bfd->diagnostic, why, memory_order_relaxed);
	atomic_fetch_add_explicit(&bfd->changes, 1, memory_order_relaxed);
	atomic_store_explicit(&bfd->since, now, memory_order_relaxed);
	atomic_store_explicit(&bfd->state, state, memory_order_relaxed);
	bfd->next_tx = now; // tell the other host at once
}

// Changes the state by the other host's last packet (6.8.6).
static void
follow(struct weft_bfd *bfd, uint64_t now)
{
	uint64_t said = atomic_load_explicit(&bfd->said, memory_order_relaxed);
	enum weft_bfd_state state = atomic_load_explicit(&bfd->state, memory_order_relaxed), there = SAID_STATE(said);

	bfd->theirs = SAID_NUMBER(said);
	if (there == WEFT_BFD_ADMIN_DOWN)
		enter_state(bfd, WEFT_BFD_DOWN, DIAG_NEIGHBOUR_DOWN, now);
	else if (state == WEFT_BFD_DOWN && there == WEFT_BFD_DOWN)
		enter_state(bfd, WEFT_BFD_INIT, DIAG_NONE, now);
	else if (state == WEFT_BFD_DOWN && there == WEFT_BFD_INIT)
		enter_state(bfd, WEFT_BFD_UP, DIAG_NONE, now);
	else if (state == WEFT_BFD_INIT && there != WEFT_BFD_DOWN)
		enter_state(bfd, WEFT_BFD_UP, DIAG_NONE, now);
	else if (state == WEFT_BFD_UP && there == WEFT_BFD_DOWN)
		enter_state(bfd, WEFT_BFD_DOWN, DIAG_NEIGHBOUR_DOWN, now);
}

// The interval at which this host wants to send now, in microseconds.
static uint32_t
wanted_us(const struct weft_bfd *bfd, const struct weft_bfd_conf *conf)
{
	bool up = atomic_load_explicit(&bfd->state, memory_order_relaxed) == WEFT_BFD_UP;

	return up ? conf->interval_us : RTE_MAX(conf->interval_us, (uint32_t)SLOW_US);
}

// The detection time: how long the other host may be silent, in microseconds (6.8.4).
static uint64_t
patience_us(const struct weft_bfd *bfd, const struct weft_bfd_conf *conf)
{
	uint32_t their_tx = (uint32_t)(atomic_load_explicit(&bfd->timers, memory_order_relaxed) >> 32);

	return (uint64_t)SAID_MULTIPLIER(atomic_load_explicit(&bfd->said, memory_order_relaxed)) *
	       RTE_MAX(conf->interval_us, their_tx);
}

static void
write_packet(uint8_t *p, const struct weft_bfd *bfd, const struct weft_bfd_conf *conf, uint32_t mine, bool final)
{
	const rte_be32_t words[] = { rte_cpu_to_be_32(mine), rte_cpu_to_be_32(bfd->theirs),
		rte_cpu_to_be_32(wanted_us(bfd, conf)), rte_cpu_to_be_32(conf->interval_us), 0 };

	p[0] = VERSION << 5 | atomic_load_explicit(&bfd->diagnostic, memory_order_relaxed);
	p[1] = (uint8_t)(atomic_load_explicit(&bfd->state, memory_order_relaxed) << 6 | (final		       ? FINAL
												: bfd->polling ? POLL
													       : 0));
	p[2] = conf->multiplier;
	p[3] = PACKET;
	memcpy(p + 4, words, sizeof(words));
}

// Writes the datagram's headers from those of the tunnel to PEER.
static void
write_headers(uint8_t *frame, const struct weft_peer *peer, uint16_t slot)
{
	uint8_t *ip = frame + RTE_ETHER_HDR_LEN, *udp = frame + peer->size - 8;
	const rte_be16_t words[] = { rte_cpu_to_be_16(0xc000 | (slot & 0x3fff)),
		rte_cpu_to_be_16(is_direct(peer) ? WEFT_BFD_PORT : WEFT_BFD_PORT_FAR), rte_cpu_to_be_16(8 + PACKET),
		0 };
	rte_be16_t len = rte_cpu_to_be_16(peer->v6 ? 8 + PACKET : 20 + 8 + PACKET);

	memcpy(frame, peer->header, peer->size);
	memcpy(udp, words, sizeof(words));
	if (peer->v6) {
		ip[0] = 0x60 | CLASS >> 4;
		ip[7] = TTL;
		memcpy(ip + 4, &len, sizeof(len));
		return;
	}
	ip[1] = CLASS;
	ip[8] = TTL;
	memcpy(ip + 2, &len, sizeof(len));
	memcpy(ip + 10, &(uint16_t){ rte_ipv4_cksum((const struct rte_ipv4_hdr *)ip) }, sizeof(uint16_t));
}

static void
send_packet(struct weft_worker *worker, const struct weft_bfd_conf *conf, uint16_t slot, bool final)
{
	const struct weft_peer *peer = weft_snapshot_slot(worker->snap, slot)->peer;
	uint64_t hop = weft_next_hop_mac(&worker->overlay.neighbour[slot], peer->hop_number);
	struct rte_mbuf *m = hop ? weft_frame_new(worker, peer->uplink, peer->size + PACKET) : NULL;
	uint8_t *frame = m ? rte_pktmbuf_mtod(m, uint8_t *) : NULL;
	uint16_t sum;

	if (m == NULL)
		return;
	write_headers(frame, peer, slot);
	write_mac(frame, hop);
	write_mac(frame + RTE_ETHER_ADDR_LEN,
		atomic_load_explicit(&worker->overlay.mac[peer->uplink], memory_order_relaxed));
	write_packet(frame + peer->size, &worker->overlay.bfd[slot], conf, number_of(worker->snap, slot), final);
	sum = (uint16_t)~weft_outer_sum(m, RTE_ETHER_HDR_LEN, peer->size - 8u, 8 + PACKET);
	memcpy(frame + peer->size - 2, &(uint16_t){ sum ? sum : 0xffff }, sizeof(sum));
	weft_out_port(worker, peer->uplink, m);
}

// When to send next: after three quarters to all of the interval (6.8.7).
static uint64_t
next_after(const struct weft_bfd *bfd, const struct weft_bfd_conf *conf, uint64_t now, uint64_t hz)
{
	uint32_t their_rx = (uint32_t)atomic_load_explicit(&bfd->timers, memory_order_relaxed);
	uint64_t us = RTE_MAX(wanted_us(bfd, conf), their_rx),
		 percent = 75 + rte_rand_max(conf->multiplier == 1 ? 16 : 26);

	return now + us * percent / 100 * hz / 1000000;
}

static void
keep(struct weft_worker *worker, const struct weft_bfd_conf *conf, uint16_t slot, uint64_t now, uint64_t hz)
{
	const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, slot);
	struct weft_bfd *bfd = &worker->overlay.bfd[slot];
	uint64_t heard = atomic_load_explicit(&bfd->heard, memory_order_acquire);
	uint32_t polls;

	if (bfd->gen != port->gen) {
		bfd->gen = port->gen;
		bfd->seen = heard;
		bfd->theirs = 0;
		bfd->polling = false;
		enter_state(bfd, WEFT_BFD_DOWN, DIAG_NONE, now);
		bfd->next_tx = now;
	}
	if (heard != bfd->seen) {
		bfd->seen = heard;
		follow(bfd, now);
	} else if (atomic_load_explicit(&bfd->state, memory_order_relaxed) != WEFT_BFD_DOWN &&
		   now - heard > patience_us(bfd, conf) * hz / 1000000 && now > heard) {
		enter_state(bfd, WEFT_BFD_DOWN, DIAG_EXPIRED, now);
		bfd->theirs = 0;
	}
	if (atomic_exchange_explicit(&bfd->final, false, memory_order_relaxed))
		bfd->polling = false;
	polls = atomic_load_explicit(&bfd->polls, memory_order_relaxed);
	if (polls != bfd->answered) {
		bfd->answered = polls;
		send_packet(worker, conf, slot, true);
	}
	if (now >= bfd->next_tx) {
		bfd->next_tx = next_after(bfd, conf, now, hz);
		send_packet(worker, conf, slot, false);
	}
}

void
weft_bfd_sweep(struct weft_worker *worker, uint64_t now)
{
	const struct weft_underlay *underlay = weft_underlay_of(worker);
	uint64_t hz = rte_get_tsc_hz();

	if (underlay == NULL)
		return;
	for (uint32_t i = 0; i < underlay->n_peers; i++) {
		const struct weft_peer *peer = weft_snapshot_slot(worker->snap, underlay->peer[i])->peer;

		if (peer && peer->bfd && peer->hop_number)
			keep(worker, &underlay->bfd, underlay->peer[i], now, hz);
	}
}
