// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Rules as the packet path sees them. The control thread compiles them; once published they do not change. Ports
// with the same groups share them.
//
// A ruleset has the rules of one direction in the order in which they are judged. Each dimension of a packet (the
// remote end, and the service: protocol with port, or ICMP type) is looked up once and yields the set of rules that
// match it; the first rule in the intersection decides (bit vectors: Lakshman and Stiliadis, SIGCOMM 1998; the
// summary words: Baboescu and Varghese, SIGCOMM 2001). Sets are sparse: a summary says which words are not empty,
// and only those are stored. The work for a packet is bounded by the number of rules, and there is no cache that
// traffic could fill.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "weft/addrmap.h"

enum weft_action { WEFT_ALLOW, WEFT_DENY, WEFT_REJECT };

// The most rules of a ruleset: 64 words of 64 bits.
#define WEFT_RULESET_MAX 4096

// The most rules with counters on a host.
#define WEFT_MAX_COUNTERS 131072
#define WEFT_COUNTER_NONE 0

struct weft_rule_conf {
	const char *name; // "tenant/group rule", for explain and logs
	uint32_t counter; // in each worker's table of struct weft_rule_stats; WEFT_COUNTER_NONE: not counted
	uint8_t action;	  // enum weft_action
	bool stateless;
	bool log;
};

// A set of rules. Bit w of SUM says that word w is not empty; the words that are not empty follow each other from
// FIRST on.
struct weft_rule_set {
	uint64_t sum;
	uint32_t first;
};

// A protocol whose rules name ports or ICMP types: START[i] is the first value of the i-th range, and START[0] is 0.
struct weft_service {
	uint16_t n;
	const uint32_t *start;
	const struct weft_rule_set *set;
};

// The rule that decides about frames of an ethertype that is neither IP nor ARP.
struct weft_ether_rule {
	uint16_t ethertype;
	const struct weft_rule_conf *rule;
};

struct weft_ruleset {
	uint32_t n_rules;
	const struct weft_rule_conf *rule; // [n_rules + 1]: the last one decides if none matches
	const uint64_t *word;		   // the words of all sets
	struct weft_rule_set any_remote;
	struct weft_rule_set any_service;
	uint8_t protocol[256];	 // index + 1 in PROTOCOL_SET of the rules for a whole protocol; 0: none
	uint8_t service_of[256]; // index + 1 in SERVICE; 0: no rule names ports or types of the protocol
	const struct weft_rule_set *protocol_set;
	const struct weft_service *service;
	uint32_t n_groups;
	const uint32_t *group; // ascending
	const struct weft_rule_set *group_set;
	uint32_t n_v4, n_v6; // ranges of addresses; START[0] is 0
	const uint32_t *v4_start;
	const struct weft_rule_set *v4_set;
	const uint8_t (*v6_start)[16];
	const struct weft_rule_set *v6_set;
	uint32_t n_ether;
	const struct weft_ether_rule *ether;	// by ascending ethertype, each once
	const struct weft_rule_conf *ether_any; // decides about all others; NULL: none does
};

struct weft_policy {
	struct weft_ruleset out, in; // from the port, and towards it
	bool reject_revoked;	     // both ends are told when a change forbids their connection
	bool has_stateless;	     // some rule is stateless
};

// The properties of a packet that rules match on.
struct weft_query {
	const uint8_t *remote;		      // the other end's address, in network order: 4 bytes, or 16
	const struct weft_identity *identity; // the other end's groups; NULL: none
	bool v6;
	uint8_t protocol;
	uint16_t service; // destination port; ICMP: type << 8 | code
};

// The index of the rule that decides about QUERY; n_rules: none matches. Any thread.
uint32_t weft_ruleset_match(const struct weft_ruleset *ruleset, const struct weft_query *query);
