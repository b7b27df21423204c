// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A slow and obvious firewall to compare the real one with: connections in a list, rules read one after the other,
// nothing remembered that could be worked out anew. It shares no code with the pipeline.
#pragma once

#include "control/policy/model.h"

#define REF_PORTS     5 // slots 1 to 4 are ports of the tenant, 5 is an uplink
#define REF_CONNS     4096
#define REF_DATAGRAMS 4096

// A packet in the words of people.
struct ref_packet {
	int in, out; // slots
	bool v6;
	uint8_t src[16], dst[16];
	uint8_t proto;
	uint16_t sport, dport; // ICMP queries: the identifier in sport
	uint8_t icmp_type, icmp_code;
	uint8_t flags; // TCP
	uint32_t seq, ack;
	uint16_t win;
	int scale; // -1: not offered
	uint32_t payload;
	// Fragments: 0: none; 1: the first of several; 2: a later one, which starts at FRAG_OFF.
	int fragment;
	uint32_t frag_id, frag_off;
	// ICMP errors quote this.
	bool is_error;
	uint8_t q_src[16], q_dst[16], q_proto;
	uint16_t q_sport, q_dport;
	uint32_t q_seq;
};

struct reference;

struct reference *reference_new(const struct weft_model *model, const uint32_t *timeouts);
void reference_free(struct reference *ref);

// Whether P may pass now, and what follows from it.
bool reference_judge(struct reference *ref, const struct ref_packet *p);

// The clock stands at SECONDS, and the background pass has looked at everything.
void reference_sweep(struct reference *ref, uint32_t seconds);

unsigned int reference_count(const struct reference *ref);

// Prints what the reference knows of P's connection.
void reference_show(struct reference *ref, const struct ref_packet *p);

// What the rules of one end say, by looking at each: an enum weft_action; -1: no rules hold there. STATELESS is the
// rule's.
int reference_rules(const struct weft_model *model, int slot, bool out, const struct ref_packet *p, bool *stateless);

// Whether P's source is the port's to use: it names the address, or names none and nobody else names it. Uplinks speak for others.
bool reference_owns(const struct weft_model *model, const struct ref_packet *p);
