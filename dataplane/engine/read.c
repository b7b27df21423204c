// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "read.h"

#include <rte_prefetch.h>

#include "dataplane/core/notify.h"
#include "dataplane/core/poll_list.h"
#include "dataplane/core/state.h"
#include "dataplane/shaping/shape.h"

// A port becomes idle after this many polls in a row that found nothing.
#define IDLE_AFTER 256
// Idle ports polled in one round: when the last one found packets, and when it did not.
#define IDLE_POLLS_BUSY 4
#define IDLE_POLLS_FREE 32
// The same when the worker is about to sleep: what came meanwhile must not wait for several sleeps.
#define IDLE_POLLS_SLEEPY 1024

// Appends packets from the port to the vector. Returns how many.
static uint16_t
read_port(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_portio *io = &weft_engine.ports[slot];
	struct weft_vec *vec = &self->vec;
	struct rte_mbuf **pkts = &vec->pkts[vec->n];
	bool limited = self->own[slot].plan != NULL;
	uint16_t most = WEFT_BURST, n;
	int64_t allowed = INT64_MAX;
	uint64_t bytes = 0;

	if (unlikely(limited))
		most = weft_shape_allowed(self, slot, &allowed);
	n = likely(most) ? io->ops->rx(io, self->w.id, pkts, most, &allowed) : 0;
	for (uint16_t i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
		pkts[i]->port = slot;
		bytes += pkts[i]->pkt_len;
		vec->lanes[vec->n + i].in = slot;
	}
	vec->n += n;
	if (unlikely(limited))
		weft_shape_charge(self, slot, n, bytes);
	if (n == 0)
		return 0;
	weft_notify_later(self, slot);
	self->w.counters.port[slot].rx += n;
	self->w.counters.port[slot].rx_bytes += bytes;
	return n;
}

// Parks the port where it has sent all that it may send now.
static void
park(struct weft_engine_worker *self, uint16_t slot)
{
	if (weft_shape_park(self, slot))
		weft_poll_list_park(self, slot);
}

void
weft_read_active(struct weft_engine_worker *self)
{
	struct weft_poll_list *poll = &self->poll;
	uint16_t polls = poll->n_active;

	while (polls-- && self->vec.n <= WEFT_VEC_SIZE - WEFT_BURST && poll->n_active) {
		uint16_t pos = poll->next_active < poll->n_active ? poll->next_active : 0, slot = poll->slot[pos];

		poll->next_active = pos + 1;
		if (!weft_owns(self, slot))
			continue;
		if (read_port(self, slot))
			self->own[slot].empty = 0;
		else if (++self->own[slot].empty >= IDLE_AFTER)
			weft_poll_list_deactivate(self, slot);
		// The last active port takes the place of one that parks, and waits for its turn in the next round.
		// Otherwise ports that are unparked all the time, and join at the end, would overtake all others.
		if (unlikely(self->own[slot].plan != NULL))
			park(self, slot);
	}
}

void
weft_read_idle(struct weft_engine_worker *self)
{
	struct weft_poll_list *poll = &self->poll;
	uint16_t n_idle = poll->n_polled - poll->n_active;
	uint16_t free = self->sleepy ? IDLE_POLLS_SLEEPY : IDLE_POLLS_FREE;
	uint16_t polls = RTE_MIN(n_idle, self->loaded ? IDLE_POLLS_BUSY : free);

	while (polls-- && self->vec.n <= WEFT_VEC_SIZE - WEFT_BURST && poll->n_active < poll->n_polled) {
		uint16_t pos = poll->next_idle, slot;

		if (pos < poll->n_active || pos >= poll->n_polled)
			pos = poll->n_active;
		slot = poll->slot[pos];
		poll->next_idle = pos + 1;
		if (!weft_owns(self, slot))
			continue;
		if (read_port(self, slot)) {
			self->own[slot].empty = 0;
			weft_poll_list_activate(self, slot);
		}
		if (unlikely(self->own[slot].plan != NULL))
			park(self, slot);
	}
}
