// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections that hardware carries. Workers offer them; the control thread has the device carry those that it takes,
// tells the workers about once a second what was carried, so that a connection does not age meanwhile and its rules
// count it, and ends a flow when the policy, the way or the connection is another. A flow that a new snapshot does not
// leave as it is has ended before that snapshot counts as in force.
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "dataplane/core/core.h"
#include "flow.h"

#define MOST	    65536 // flows
#define MOST_A_TICK 256	  // offers of a worker that are taken at once
#define LOOKS	    10	  // ticks in which each flow comes by once
#define AT_ONCE	    512	  // flows that a worker looks at between two rounds
#define IDLE	    10	  // a flow that has carried nothing at so many looks ends

struct entry {
	struct weft_offer offer;
	uint16_t worker;
	uint16_t device;
	bool over;	  // its connection is not there any more, or goes another way
	bool stuck;	  // the device does not end it
	bool looked;	  // at this time
	uint8_t idle;	  // looks that found nothing
	uint64_t due;	  // TSC of the next look
	uint64_t packets; // that it had carried when it was looked at last
	uint64_t bytes;
	uint64_t new_packets; // of those, what the worker does not know yet
	uint64_t new_bytes;
	struct rte_flow *flow;
};

static struct {
	struct entry *entry;	// NULL: no device takes flows
	struct rte_hash *index; // the names of all
	uint32_t n;
	uint32_t stuck; // of them, that do not end
	uint32_t next;	// to be looked at
} flows;

static struct weft_offload_counts ports[WEFT_MAX_PORTS];

uint64_t dp_offload_period;

static uint64_t
period(void)
{
	return dp_offload_period ? dp_offload_period : dp.hz;
}

static uint64_t
name_of(uint16_t worker, const struct weft_offer *offer)
{
	return (uint64_t)offer->record << 32 | (uint32_t)worker << 1 | offer->end;
}

// What hardware has carried of a flow since the last look.
static void
read_flow(struct entry *e)
{
	uint64_t packets, bytes;

	if (dp_flow_count(e->device, e->flow, &packets, &bytes))
		return;
	e->idle = packets > e->packets ? 0 : e->idle + 1;
	e->new_packets += packets - e->packets;
	e->new_bytes += bytes - e->bytes;
	ports[e->offer.in].packets += packets - e->packets;
	ports[e->offer.in].bytes += bytes - e->bytes;
	e->packets = packets;
	e->bytes = bytes;
}

static void
forget(struct entry *e)
{
	uint64_t name = name_of(e->worker, &e->offer);

	ports[e->offer.in].flows--;
	rte_hash_del_key(flows.index, &name);
	*e = flows.entry[--flows.n];
}

// A flow that does not end is tried again at each look: as long as there is one, no snapshot counts as in force.
static void
end(struct entry *e)
{
	int ret = dp_flow_end(e->device, e->flow);

	// A device that has gone carries nothing.
	if (ret == 0 || ret == -ENODEV) {
		flows.stuck -= e->stuck;
		forget(e);
		return;
	}
	if (!e->stuck)
		WEFT_LOG(ERR, "event=offload error=\"a flow does not end: %s\"", rte_strerror(-ret));
	flows.stuck += !e->stuck;
	e->stuck = e->over = true;
}

static void
take(uint16_t worker, const struct weft_offer *offer)
{
	struct weft_io_status from, to;
	uint64_t name = name_of(worker, offer);
	struct dp_flow_way way;
	struct rte_flow *flow;

	if (flows.n == MOST || rte_hash_lookup(flows.index, &name) >= 0 ||
		!weft_offer_stands(weft_engine_snapshot(), offer))
		return;
	weft_engine_port_status(offer->in, &from);
	weft_engine_port_status(offer->out, &to);
	if (from.eswitch == WEFT_NO_DEVICE || from.eswitch != to.eswitch)
		return;
	way = (struct dp_flow_way){
		.from = from.device, .to = to.device, .vid_from = offer->vid[0], .vid_to = offer->vid[1]
	};
	flow = dp_flow_make(offer, &way);
	if (flow == NULL)
		return;
	flows.entry[flows.n] = (struct entry){
		.offer = *offer, .worker = worker, .device = from.device, .flow = flow, .due = rte_rdtsc() + period()
	};
	flows.n++;
	rte_hash_add_key(flows.index, &name);
	ports[offer->in].flows++;
}

static void
take_offers(void)
{
	for (uint16_t w = 0; w < dp.n_workers; w++) {
		struct weft_offers *ring = dp.workers[w]->w.offers;
		uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

		for (unsigned int n = 0; n < MOST_A_TICK; n++) {
			if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
				break;
			take(w, &ring->offer[tail % WEFT_OFFERS]);
			atomic_store_explicit(&ring->tail, ++tail, memory_order_release);
		}
	}
}

struct range {
	uint32_t first, behind;
};

// On the worker: its connections learn what hardware has carried of them.
static void
tell_connections(struct weft_worker *worker, void *arg)
{
	const struct range *range = arg;

	for (uint32_t i = range->first; i < range->behind; i++) {
		struct entry *e = &flows.entry[i];

		if (e->worker != worker->id || !e->looked || e->over)
			continue;
		e->over = !weft_offer_holds(worker, &e->offer, e->new_packets, e->new_bytes);
		e->new_packets = e->new_bytes = 0;
	}
}

static void
look_at(const struct range *range)
{
	uint64_t now = rte_rdtsc();
	bool some = false;

	for (uint32_t i = range->first; i < range->behind; i++) {
		struct entry *e = &flows.entry[i];

		e->looked = now >= e->due;
		if (!e->looked)
			continue;
		e->due = now + period();
		read_flow(e);
		some = true;
	}
	for (uint16_t w = 0; some && w < dp.n_workers; w++)
		weft_engine_call(w, tell_connections, (void *)(uintptr_t)range);
	// What takes the place of one that ends comes from behind.
	for (uint32_t i = range->behind; i > range->first; i--)
		if (flows.entry[i - 1].over || flows.entry[i - 1].idle > IDLE)
			end(&flows.entry[i - 1]);
}

void
weft_engine_offload(void)
{
	uint32_t left = flows.n / LOOKS + 1;

	if (flows.entry == NULL)
		return;
	take_offers();
	while (left && flows.n) {
		struct range range = { .first = flows.next < flows.n ? flows.next : 0 };

		range.behind = RTE_MIN(range.first + RTE_MIN(left, (uint32_t)AT_ONCE), flows.n);
		look_at(&range);
		left -= range.behind - range.first;
		flows.next = range.behind;
	}
}

void
weft_engine_offload_counts(uint16_t slot, struct weft_offload_counts *counts)
{
	*counts = ports[slot];
}

void
dp_offload_begin(void)
{
	const struct rte_hash_parameters index = { .name = "flows",
		.entries = MOST,
		.key_len = sizeof(uint64_t),
		.hash_func = rte_hash_crc,
		.socket_id = SOCKET_ID_ANY };

	if (flows.entry)
		return;
	flows.index = rte_hash_create(&index);
	flows.entry = flows.index ? calloc(MOST, sizeof(*flows.entry)) : NULL;
	if (flows.entry) {
		atomic_store(&dp.offering, true);
		return;
	}
	rte_hash_free(flows.index);
	flows.index = NULL;
	WEFT_LOG(ERR, "event=offload error=\"no memory for flows in hardware\"");
}

void
dp_offload_revoke(const struct weft_snapshot *snap)
{
	for (uint32_t i = flows.n; i > 0; i--) {
		struct entry *e = &flows.entry[i - 1];

		if (weft_offer_stands(snap, &e->offer))
			continue;
		read_flow(e);
		end(e);
	}
}

bool
dp_offload_settled(void)
{
	return flows.stuck == 0;
}

void
dp_offload_fini(void)
{
	for (uint32_t i = flows.n; i > 0; i--)
		end(&flows.entry[i - 1]);
	flows.n = flows.stuck = 0;
	free(flows.entry);
	rte_hash_free(flows.index);
	flows.entry = NULL;
	flows.index = NULL;
	atomic_store(&dp.offering, false);
	memset(ports, 0, sizeof(ports));
}
