// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Workers offer connections, and the control thread has the device carry those that it accepts. About once a second it
// tells the workers how much was carried: then the connections do not time out, and their rules count the packets. A
// flow ends when the policy, the path or the connection changes. A new snapshot counts as in force only when all flows
// that it does not allow have ended.
#include "offload.h"

#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "dataplane/core/state.h"
#include "weft/offload.h"

#include "hw_flow.h"

#define MOST	    65536 // flows
#define MOST_A_TICK 256	  // offers taken from each worker in one tick
#define LOOKS	    10	  // ticks in which each flow is looked at once
#define AT_ONCE	    512	  // the most flows that a worker updates between two rounds
#define IDLE	    10	  // a flow that has carried nothing for more looks than this ends

struct entry {
	struct weft_offload_offer offer;
	uint16_t worker;
	uint16_t device;
	bool over;	  // its connection has ended, or takes another path
	bool stuck;	  // the device failed to end it
	bool looked;	  // in this tick
	uint8_t idle;	  // looks that found nothing
	uint64_t due;	  // TSC of the next look
	uint64_t packets; // that it had carried at the last look
	uint64_t bytes;
	uint64_t new_packets; // of those, the ones that the worker does not know of yet
	uint64_t new_bytes;
	struct rte_flow *flow;
};

static struct {
	struct entry *entry;	// NULL: no device takes flows
	struct rte_hash *index; // of their names
	uint32_t n;
	uint32_t stuck; // of them, flows that the device failed to delete
	uint32_t next;	// the one to look at next
} flows;

static struct weft_offload_counts ports[WEFT_MAX_PORTS];

uint64_t weft_offload_period;

static uint64_t
period(void)
{
	return weft_offload_period ? weft_offload_period : weft_engine.hz;
}

static uint64_t
name_of(uint16_t worker, const struct weft_offload_offer *offer)
{
	return (uint64_t)offer->record << 32 | (uint32_t)worker << 1 | offer->end;
}

// Reads what the flow has carried since the last look.
static void
read_flow(struct entry *e)
{
	uint64_t packets, bytes;

	if (weft_hw_flow_read(e->device, e->flow, &packets, &bytes))
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

// A flow that the device fails to end is tried again at each look. Until it has ended, no snapshot counts as in force.
static void
end(struct entry *e)
{
	int ret = weft_hw_flow_destroy(e->device, e->flow);

	// A device that is gone carries nothing.
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
take(uint16_t worker, const struct weft_offload_offer *offer)
{
	struct weft_io_status from, to;
	uint64_t name = name_of(worker, offer);
	struct weft_hw_flow_path path;
	struct rte_flow *flow;

	if (flows.n == MOST || rte_hash_lookup(flows.index, &name) >= 0 ||
		!weft_offload_is_allowed(weft_engine_snapshot(), offer))
		return;
	weft_engine_port_status(offer->in, &from);
	weft_engine_port_status(offer->out, &to);
	if (from.eswitch == WEFT_NO_DEVICE || from.eswitch != to.eswitch)
		return;
	path = (struct weft_hw_flow_path){
		.from = from.device, .to = to.device, .vid_from = offer->vid[0], .vid_to = offer->vid[1]
	};
	flow = weft_hw_flow_create(offer, &path);
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
	for (uint16_t w = 0; w < weft_engine.n_workers; w++) {
		struct weft_offload_offers *ring = weft_engine.workers[w]->w.firewall.offers;
		uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

		for (unsigned int n = 0; n < MOST_A_TICK; n++) {
			if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
				break;
			take(w, &ring->offer[tail % WEFT_OFFLOAD_OFFERS]);
			atomic_store_explicit(&ring->tail, ++tail, memory_order_release);
		}
	}
}

struct range {
	uint32_t first, behind;
};

// Runs on the worker: adds what hardware has carried to its connections.
static void
tell_connections(struct weft_worker *worker, void *arg)
{
	const struct range *range = arg;

	for (uint32_t i = range->first; i < range->behind; i++) {
		struct entry *e = &flows.entry[i];

		if (e->worker != worker->id || !e->looked || e->over)
			continue;
		e->over = !weft_offload_account(worker, &e->offer, e->new_packets, e->new_bytes);
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
	for (uint16_t w = 0; some && w < weft_engine.n_workers; w++)
		weft_engine_call(w, tell_connections, (void *)(uintptr_t)range);
	// Backwards: the last flow takes the place of one that ends.
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
weft_offload_start(void)
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
		atomic_store(&weft_engine.offering, true);
		return;
	}
	rte_hash_free(flows.index);
	flows.index = NULL;
	WEFT_LOG(ERR, "event=offload error=\"no memory for flows in hardware\"");
}

void
weft_offload_revoke(const struct weft_snapshot *snap)
{
	for (uint32_t i = flows.n; i > 0; i--) {
		struct entry *e = &flows.entry[i - 1];

		if (weft_offload_is_allowed(snap, &e->offer))
			continue;
		read_flow(e);
		end(e);
	}
}

bool
weft_offload_settled(void)
{
	return flows.stuck == 0;
}

void
weft_offload_stop(void)
{
	for (uint32_t i = flows.n; i > 0; i--)
		end(&flows.entry[i - 1]);
	flows.n = flows.stuck = 0;
	free(flows.entry);
	rte_hash_free(flows.index);
	flows.entry = NULL;
	flows.index = NULL;
	atomic_store(&weft_engine.offering, false);
	memset(ports, 0, sizeof(ports));
}
