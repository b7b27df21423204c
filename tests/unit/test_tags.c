// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Random frames with up to four tags between ports of all modes, on one host and through a tunnel, against an oracle that says
// what IEEE 802.1Q makes of them. WEFT_FRAMES=N: how many frames.
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/random.h"
#include "underlay.h"

#define FRAMES 100000 // by default
#define BUNCH  200    // frames for a configuration
#define SENDER 1
#define HERE   2
#define THERE  3 // on the other host, which this one plays too

#define MAC_OF(port) (UINT64_C(0x525400000010) + (port))

enum mode { ACCESS, TRUNK, QINQ, TO_UPLINK, MODES };

struct tag {
	uint16_t tpid, tci;
};

struct tags {
	unsigned int n;
	struct tag tag[8];
};

// A port as its owner thinks of it. Domains are 1 (no VLAN), 2 (VLAN 10), 3 (VLAN 20).
struct side {
	enum mode mode;
	uint16_t native; // domain, 0: none
	bool lists[4];	 // domains that a trunk or an uplink carries with a tag
	uint16_t tpid;
};

static const uint16_t vid_of[2][4] = { { 0, 0, 10, 20 }, { 0, 110, 10, 20 } }; // in the network, and on uplinks
static uint16_t table[2][4096];
static uint64_t seed = RANDOM_SEED;
static struct weft_mac_entry *entered[16];
static unsigned int n_entered;

static uint16_t
pick(unsigned int n)
{
	return (uint16_t)(random_next(&seed) % n);
}

static uint16_t
vid_on(const struct side *side, unsigned int domain)
{
	return vid_of[side->mode == TO_UPLINK][domain];
}

// ---- The oracle ----

static void
take_first(struct tags *tags)
{
	tags->n--;
	memmove(tags->tag, tags->tag + 1, tags->n * sizeof(tags->tag[0]));
}

// The domain of a frame that came with TAGS at SIDE, or 0. TAGS become those that are payload, PCP the priority.
static unsigned int
oracle_in(const struct side *side, struct tags *tags, uint16_t *pcp)
{
	unsigned int domain = 0;
	struct tag first;

	*pcp = 0;
	if (tags->n > 2)
		return 0;
	if (side->mode == QINQ)
		return side->native;
	while (tags->n > 1 && (tags->tag[0].tci & 0xfff) == 0)
		take_first(tags);
	if (tags->n == 0)
		return side->native;
	first = tags->tag[0];
	take_first(tags);
	*pcp = first.tci & 0xf000;
	if ((first.tci & 0xfff) == 0)
		return side->native;
	for (unsigned int d = 1; d <= 3 && side->mode != ACCESS; d++) {
		if (side->lists[d] && vid_on(side, d) == (first.tci & 0xfff) && first.tpid == side->tpid)
			domain = d;
	}
	return domain;
}

static bool
is_member(const struct side *side, unsigned int domain)
{
	return side->native == domain || ((side->mode == TRUNK || side->mode == TO_UPLINK) && side->lists[domain]);
}

// Makes of TAGS those with which a frame of DOMAIN leaves at SIDE. False: it does not.
static bool
oracle_out(const struct side *side, unsigned int domain, uint16_t pcp, struct tags *tags)
{
	if (!is_member(side, domain))
		return false;
	if (side->mode == QINQ)
		return true;
	if (side->native == domain)
		return tags->n == 0;
	memmove(tags->tag + 1, tags->tag, tags->n++ * sizeof(tags->tag[0]));
	tags->tag[0] = (struct tag){ side->tpid, (uint16_t)(pcp | vid_on(side, domain)) };
	return true;
}

// The other host sees the frame with the VLAN inside the network.
static bool
oracle_tunnel(unsigned int *domain, uint16_t *pcp, struct tags *tags)
{
	static const struct side wire = { .mode = TRUNK, .native = 1, .lists = { [2] = true, [3] = true } };
	uint16_t vid = vid_of[0][*domain];

	if (!oracle_out(&wire, *domain, *pcp, tags) || tags->n > 2)
		return false;
	if (vid)
		take_first(tags);
	else
		*pcp = 0;
	return true;
}

// ---- What is tried ----

static unsigned int
write_frame(uint8_t *frame, uint64_t dst, uint64_t src, const struct tags *tags)
{
	unsigned int at = 12;

	frame_of(frame, dst, src, 80);
	for (unsigned int i = 0; i < tags->n; i++, at += 4) {
		frame[at] = tags->tag[i].tpid >> 8;
		frame[at + 1] = (uint8_t)tags->tag[i].tpid;
		frame[at + 2] = tags->tag[i].tci >> 8;
		frame[at + 3] = (uint8_t)tags->tag[i].tci;
	}
	frame[at] = 0x88;
	frame[at + 1] = 0xb5;
	return at + 2 + 46;
}

static struct side
random_side(void)
{
	struct side side = { .mode = pick(MODES), .native = 1 + pick(3), .tpid = 0x8100 };

	for (unsigned int d = 1; d <= 3; d++)
		side.lists[d] = pick(2) && side.native != d;
	if (side.mode == TRUNK) {
		side.native = pick(2) ? side.native : 0;
		side.lists[1] = false;
		side.tpid = pick(2) ? 0x8100 : 0x88a8;
	} else if (side.mode == QINQ) {
		side.native = 2 + pick(2);
	}
	return side;
}

static void
configure(struct fixture *f, uint16_t port, const struct side *side, uint16_t *vids)
{
	static const enum weft_tagging tagging[MODES] = { WEFT_TAG_ACCESS, WEFT_TAG_TRUNK, WEFT_TAG_QINQ,
		WEFT_TAG_UPLINK };
	struct weft_port_conf *conf = &f->ports[port];

	memset(vids, 0, sizeof(table[0]));
	for (unsigned int d = 1; d <= 3; d++) {
		if (side->lists[d])
			vids[vid_on(side, d)] = (uint16_t)d;
	}
	conf->tagging = (uint8_t)tagging[side->mode];
	conf->native = side->native;
	conf->tpid = side->tpid;
	conf->vid_domain = side->mode == TRUNK || side->mode == TO_UPLINK ? vids : NULL;
}

// Enters the address of PORT in the domains whose member it is.
static void
enter_member(struct fixture *f, uint16_t port, const struct side *side)
{
	for (unsigned int d = 1; d <= 3; d++) {
		if (side && !is_member(side, d))
			continue;
		fixture_static_mac(f, (uint16_t)d, MAC_OF(port), side ? port : PEER);
		entered[n_entered++] = weft_mactab_find(&f->snap.static_macs, weft_mac_key((uint16_t)d, MAC_OF(port)),
			weft_mactab_hash(&f->snap.static_macs, weft_mac_key((uint16_t)d, MAC_OF(port))));
	}
}

static void
forget_members(struct fixture *f)
{
	(void)f;
	while (n_entered)
		memset(entered[--n_entered], 0, sizeof(*entered[0]));
}

static void
check(struct fixture *f, const struct tags *came, bool want, const struct tags *tags, uint16_t port, uint64_t src)
{
	uint8_t frame[160];
	unsigned int len = write_frame(frame, MAC_OF(port), src, tags);

	if (f->n_sent != want ||
		(want && (f->sent[0].port != port || f->sent[0].len != len || memcmp(f->sent[0].data, frame, len)))) {
		for (unsigned int i = 0; i < came->n; i++)
			print_message("came with %04x %04x\n", came->tag[i].tpid, came->tag[i].tci);
		for (unsigned int i = 0; i < tags->n && want; i++)
			print_message("should leave with %04x %04x\n", tags->tag[i].tpid, tags->tag[i].tci);
		fail_msg("%u frames left port %u, of mode %u", f->n_sent, port, f->ports[port].tagging);
	}
	f->n_sent = 0;
}

static struct tags
random_tags(void)
{
	static const uint16_t vids[] = { 0, 0, 10, 20, 30, 110 };
	struct tags tags = { .n = pick(4) ? pick(3) : pick(5) };

	for (unsigned int i = 0; i < tags.n; i++)
		tags.tag[i] = (struct tag){ pick(4) ? 0x8100 : 0x88a8,
			(uint16_t)(pick(16) << 12 | vids[pick(RTE_DIM(vids))]) };
	return tags;
}

static void
try_local(struct fixture *f, const struct side *from, const struct side *to)
{
	struct tags came = random_tags(), tags = came;
	uint8_t frame[160];
	uint16_t pcp;
	unsigned int domain;

	fixture_add(f, SENDER, frame, write_frame(frame, MAC_OF(HERE), MAC_OF(SENDER), &came));
	fixture_forward(f);
	domain = oracle_in(from, &tags, &pcp);
	check(f, &came, domain && oracle_out(to, domain, pcp, &tags), &tags, HERE, MAC_OF(SENDER));
}

// Sends a frame to the other host, and gives what leaves to the other host, which is this one as well.
static void
try_tunnel(struct fixture *f, const struct side *from, const struct side *to)
{
	struct tags came = random_tags(), tags = came;
	unsigned int domain, len;
	uint8_t frame[160];
	uint16_t pcp;
	bool leaves;

	len = write_frame(frame, MAC_OF(PEER), MAC_OF(SENDER), &came);
	fixture_add(f, SENDER, frame, len);
	fixture_forward(f);
	domain = oracle_in(from, &tags, &pcp);
	leaves = domain && (vid_of[0][domain] || tags.n == 0);
	if (f->n_sent != leaves)
		fail_msg("%u frames left through the tunnel for %u tags", f->n_sent, came.n);
	if (!leaves)
		return;
	len = f->sent[0].len;
	memcpy(frame, f->sent[0].data, RTE_MIN(len, sizeof(frame)));
	turn_round(frame);
	// From the other host's port PEER to the one that is THERE.
	for (unsigned int i = 0; i < 6; i++) {
		frame[OVERHEAD + i] = (uint8_t)(MAC_OF(THERE) >> (40 - 8 * i));
		frame[OVERHEAD + 6 + i] = (uint8_t)(MAC_OF(PEER) >> (40 - 8 * i));
	}
	f->n_sent = 0;
	fixture_add(f, UPLINK, frame, len);
	fixture_forward(f);
	leaves = oracle_tunnel(&domain, &pcp, &tags) && oracle_out(to, domain, pcp, &tags);
	check(f, &came, leaves, &tags, THERE, MAC_OF(PEER));
}

// The three domains, through tunnels too.
static void
set_domains(struct fixture *f)
{
	for (unsigned int d = 1; d <= 3; d++) {
		f->domains[d] = (struct weft_domain){ .vid = vid_of[0][d],
			.uplink_vid = vid_of[1][d],
			.tunnel = WEFT_TUNNEL_GENEVE,
			.vni = VNI,
			.mtu = 1500,
			.name = "test/net" };
		if (d > 1)
			enter(f, weft_tunnel_key(WEFT_TUNNEL_GENEVE, VNI, vid_of[0][d]), (uint16_t)d);
	}
}

static void
no_tag_carries_a_frame_into_another_domain(void **state)
{
	const char *wish = getenv("WEFT_FRAMES");
	uint64_t frames = wish ? strtoull(wish, NULL, 10) : FRAMES;
	struct fixture *f = *state;

	set_domains(f);
	for (uint64_t i = 0; i < frames; i += 2 * BUNCH) {
		struct side from = random_side(), to = random_side();

		configure(f, SENDER, &from, table[0]);
		configure(f, HERE, &to, table[1]);
		configure(f, THERE, &to, table[1]);
		enter_member(f, HERE, &to);
		enter_member(f, THERE, &to);
		enter_member(f, PEER, NULL);
		for (unsigned int k = 0; k < BUNCH; k++) {
			try_local(f, &from, &to);
			try_tunnel(f, &from, &to);
		}
		forget_members(f);
	}
	print_message("%lu frames, 0 differences\n", frames);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNDERLAY_TEST(no_tag_carries_a_frame_into_another_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
