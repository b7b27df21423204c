// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The parsers of frames and of tunnels' headers on any bytes, whole and cut in two: offsets stay inside, and what it
// accepts it read.
#include <stdlib.h>

#include "pipeline/stages/parse.h"
#include "weft/tunnel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct weft_lane *lane, uint32_t have, uint32_t total)
{
	if (lane->l3_off > have || lane->n_tags > 2)
		abort();
	if ((lane->flags & (WEFT_LANE_IPV4 | WEFT_LANE_IPV6)) && lane->l4_off > total)
		abort();
	if ((lane->flags & WEFT_LANE_L4) && (lane->l4_off + 4u > have || (lane->flags & WEFT_LANE_LATER_FRAGMENT)))
		abort();
	if (lane->src == 0 || lane->src >> 40 & 1)
		abort();
}

// A frame with a tag goes the general way: it must be told the same of what is behind the tag as the quick way tells of
// the frame without it.
static void
compare(const uint8_t *data, uint32_t have, uint32_t total)
{
	static uint8_t tagged[UINT16_MAX + 4];
	struct weft_lane plain = { 0 }, general = { 0 };
	int a, b;

	if (have < 14 || data[12] == 0x81 || data[12] == 0x88)
		return;
	memcpy(tagged, data, 12);
	memcpy(tagged + 12, "\x81\x00\x00\x01", 4);
	memcpy(tagged + 16, data + 12, have - 12);
	a = weft_parse_frame(data, have, total, &plain);
	b = weft_parse_frame(tagged, have + 4, total + 4, &general);
	if (a != b)
		abort();
	if (a >= 0)
		return;
	if (plain.ethertype != general.ethertype || plain.flags != general.flags || plain.proto != general.proto ||
		plain.l4_len != general.l4_len || plain.frag_id != general.frag_id ||
		plain.frag_off != general.frag_off || plain.frag_len != general.frag_len)
		abort();
	if (plain.flags & (WEFT_LANE_IPV4 | WEFT_LANE_IPV6) && plain.l4_off + 4 != general.l4_off)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weft_lane lane = { 0 };
	uint32_t have;

	if (size > UINT16_MAX)
		return 0;
	if (weft_parse_frame(data, size, size, &lane) < 0)
		check(&lane, size, size);
	for (unsigned int i = 0; i < 2; i++) {
		struct weft_outer outer;

		if (weft_outer_parse(data, size, i ? WEFT_GENEVE_PORT : WEFT_VXLAN_PORT, &outer) < 0 &&
			(outer.size > size || outer.vni > 0xffffff || outer.tunnel == WEFT_TUNNEL_NONE))
			abort();
	}
	have = size ? data[size - 1] % size : 0;
	compare(data, size, size);
	compare(data, have, size);
	if (weft_parse_frame(data, have, size, &lane) < 0)
		check(&lane, have, size);
	return 0;
}
