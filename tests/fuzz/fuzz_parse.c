// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The parsers of frames and of tunnels' headers on any bytes, whole and cut in two: offsets stay inside, and what it
// accepts it read.
#include <stdlib.h>

#include "stages.h"

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
	if (weft_parse_frame(data, have, size, &lane) < 0)
		check(&lane, have, size);
	return 0;
}
