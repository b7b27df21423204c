// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A worker without a thread, on real mbufs: stages run on it, and what they send is kept for a look.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "weft/bfd.h"
#include "weft/explain.h"
#include "weft/fdb.h"
#include "weft/groups.h"
#include "weft/session.h"
#include "weft/worker.h"

#define FIXTURE_PORTS	 16
#define FIXTURE_DOMAINS	 16
#define FIXTURE_SENT	 512
#define FIXTURE_SESSIONS 1024

#define MAC_A UINT64_C(0x525400000001)
#define MAC_B UINT64_C(0x525400000002)
#define MAC_C UINT64_C(0x525400000003)

struct sent {
	uint16_t port;
	uint32_t len;
	uint8_t data[160];
};

struct fixture {
	struct weft_worker *w;
	struct weft_vec vec;
	struct weft_snapshot snap;
	union {
		struct weft_port_page port_page;
		struct weft_port_conf ports[FIXTURE_PORTS];
	};
	union {
		struct weft_domain_page domain_page;
		struct weft_domain domains[FIXTURE_DOMAINS];
	};
	struct weft_explain explain;
	struct sent sent[FIXTURE_SENT];
	unsigned int n_sent;
	unsigned int n_told; // messages to other workers
	struct weft_fdb_message told;
};

// One network (domain 1, ports 1 to 4, up, untagged, learning, without limits or addresses).
int fixture_setup(void **state);
int fixture_teardown(void **state);
#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

// Starts EAL for a test; once in a process.
void fixture_eal(void);
int fixture_start(void **state); // the same, as a group's setup

// Puts a frame from PORT into the vector, in a real mbuf.
void fixture_add(struct fixture *f, uint16_t port, const void *frame, unsigned int len);
// The same from hexadecimal; spaces are ignored.
void fixture_add_hex(struct fixture *f, uint16_t port, const char *hex);
// An Ethernet frame of 60 bytes with a payload that is no known protocol.
void fixture_add_eth(struct fixture *f, uint16_t port, uint64_t dst, uint64_t src);

// Runs the chain up to its stage LAST on the vector, and returns the survivors.
weft_lanes fixture_run(struct fixture *f, const char *last);
// Runs all stages as the engine does, flushes, and checks that every packet is accounted for.
void fixture_forward(struct fixture *f);
// Forgets the vector, freeing what is in it.
void fixture_reset(struct fixture *f);

unsigned int fixture_hex(const char *hex, uint8_t *out, unsigned int size);
uint64_t fixture_drops(const struct fixture *f, uint16_t port);
// Enters a configured address.
void fixture_static_mac(struct fixture *f, uint16_t domain, uint64_t mac, uint16_t port);
