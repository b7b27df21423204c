// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A build shares the pages of the former snapshot, and copies a page before it changes something on it.
#include "build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "domain_ids.h"
#include "domains.h"
#include "macs.h"
#include "members.h"
#include "refcount.h"

void
build_ref_port(const struct weft_port_conf *conf)
{
	weft_refcount_ref(conf->name);
	weft_refcount_ref(conf->vid_domain);
	weft_policy_cache_ref(conf->policy);
	weft_refcount_ref(conf->underlay);
	weft_refcount_ref(conf->peer);
	weft_refcount_ref(conf->plan);
}

void
build_unref_port(const struct weft_port_conf *conf)
{
	weft_refcount_unref(conf->name);
	weft_refcount_unref(conf->vid_domain);
	weft_policy_cache_unref(conf->policy);
	weft_refcount_unref(conf->underlay);
	weft_refcount_unref(conf->peer);
	weft_refcount_unref(conf->plan);
}

static void
free_port_page(struct weft_port_page *page)
{
	for (unsigned int i = 0; i < WEFT_PAGE; i++)
		build_unref_port(&page->port[i]);
}

static void
put_port_page(struct weft_port_page *page)
{
	if (page == &weft_no_ports)
		return;
	if (weft_refcount_is_last(page))
		free_port_page(page);
	weft_refcount_unref(page);
}

// Returns the page of SLOT, copied if the build still shares it. NULL without memory.
static struct weft_port_page *
own_port_page(struct weft_build *build, uint16_t slot)
{
	struct weft_snapshot *snap = build->snap;
	unsigned int i = slot / WEFT_PAGE;
	struct weft_port_page *page = snap->port_page[i], *copy;

	if (snap->port_version[i] == snap->version)
		return page;
	copy = weft_refcount_new(sizeof(*copy), true);
	if (copy == NULL)
		return NULL;
	*copy = *page;
	for (unsigned int k = 0; k < WEFT_PAGE; k++)
		build_ref_port(&copy->port[k]);
	put_port_page(page);
	snap->port_page[i] = copy;
	snap->port_version[i] = snap->version;
	return copy;
}

// Writes the domains that CONF is a member of to IDS, each once, and marks them in the build's scratch set. Returns how
// many there are.
static unsigned int
collect(struct weft_build *build, const struct weft_port_conf *conf, uint16_t *ids)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i <= (conf->vid_domain ? WEFT_N_VLANS : 0); i++) {
		uint16_t id = i == 0 ? conf->native : conf->vid_domain[i - 1];

		if (id == 0 || build_set_has(build->set, id))
			continue;
		build->set[id / 64] |= UINT64_C(1) << (id % 64);
		ids[n++] = id;
	}
	return n;
}

static void
clear_set(struct weft_build *build, const uint16_t *ids, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		build->set[ids[i] / 64] &= ~(UINT64_C(1) << (ids[i] % 64));
}

int
build_put_port(struct weft_build *build, uint16_t slot, const struct weft_port_conf *conf)
{
	struct weft_port_page *page = own_port_page(build, slot);
	struct weft_port_conf *old = page ? &page->port[slot % WEFT_PAGE] : NULL;
	unsigned int n_before, n_after;
	bool moved = false;
	int ret = old ? 0 : -ENOMEM;

	if (ret)
		return ret;
	n_after = collect(build, conf, build->after);
	clear_set(build, build->after, n_after);
	n_before = collect(build, old, build->before);
	for (unsigned int i = 0; ret == 0 && i < n_after; i++) {
		if (!build_set_has(build->set, build->after[i])) {
			ret = build_join(build, build->after[i], slot);
			moved = true;
		}
	}
	clear_set(build, build->before, n_before);
	collect(build, conf, build->after);
	for (unsigned int i = 0; ret == 0 && i < n_before; i++) {
		if (!build_set_has(build->set, build->before[i])) {
			ret = build_leave(build, build->before[i], slot);
			moved = true;
		}
	}
	clear_set(build, build->after, n_after);
	moved = moved || old->mac != conf->mac || old->gen != conf->gen;
	for (unsigned int i = 0; ret == 0 && moved && old->mac && i < n_before; i++)
		ret = build_macs_remove(build, build->before[i], slot, old->mac);
	for (unsigned int i = 0; ret == 0 && moved && conf->mac && i < n_after; i++)
		ret = build_macs_enter(build, build->after[i], slot, conf);
	if (ret == 0 && old->peer && !(conf->peer && weft_ip_same(&conf->peer->address, &old->peer->address)))
		ret = build_macs_remove(build, 0, slot, weft_peer_key(&old->peer->address));
	if (ret == 0 && conf->peer)
		ret = build_macs_enter_number(build, weft_peer_key(&conf->peer->address), slot);
	if (ret)
		return ret;
	build_unref_port(old);
	*old = *conf;
	return 0;
}

struct weft_build *
weft_build_begin(const struct weft_snapshot *base, struct weft_placement *placement, uint64_t version, uint64_t tsc_hz)
{
	struct weft_build *build = calloc(1, sizeof(*build));
	struct weft_snapshot *snap = rte_zmalloc("snapshot", sizeof(*snap), RTE_CACHE_LINE_SIZE);

	if (build == NULL || snap == NULL)
		goto fail;
	build->snap = snap;
	weft_snapshot_blank(snap);
	if (base)
		*snap = *base;
	snap->version = version;
	snap->macs = base && base->macs ? base->macs : build_macs_new(1);
	build->placement = placement;
	build->hz = tsc_hz;
	if (!snap->macs)
		goto fail;
	if (base && base->macs)
		base->macs->refs++;
	build_members_ref(snap->members);
	snap->static_macs = snap->macs->tab;
	for (unsigned int i = 0; i < WEFT_PORT_PAGES; i++)
		if (snap->port_page[i] != &weft_no_ports)
			weft_refcount_ref(snap->port_page[i]);
	for (unsigned int i = 0; i < WEFT_DOMAIN_PAGES; i++)
		if (snap->domain_page[i] != &weft_no_domains)
			weft_refcount_ref(snap->domain_page[i]);
	return build;
fail:
	free(build);
	rte_free(snap);
	return NULL;
}

static void
end(struct weft_build *build)
{
	free(build->fresh.items);
	free(build->emptied.items);
	weft_tiers_free(&build->tiers);
	free(build);
}

struct weft_snapshot *
weft_build_give_up(struct weft_build *build)
{
	struct weft_snapshot *snap = build->snap;

	for (uint32_t i = 0; i < build->fresh.n; i++)
		weft_domain_id_free(build->placement, build->fresh.items[i]);
	end(build);
	return snap;
}

void
weft_build_abort(struct weft_build *build)
{
	if (build)
		weft_snapshot_free(weft_build_give_up(build));
}

int
weft_build_check(size_t budget, struct weft_error *err)
{
	const double mib = 1 << 20;

	if (weft_refcount_used() <= budget)
		return 0;
	return weft_fail(err, ENOSPC,
		"the compiled policy would take %.1f MiB, and policy_memory_mb allows %.0f: raise it, or make the policy "
		"smaller",
		weft_refcount_used() / mib, budget / mib);
}

void
weft_build_for(struct weft_build *build, uint32_t cluster, uint16_t uplink, bool uplink_shared)
{
	build->snap->uplink_shared = uplink_shared;
	build->snap->cluster = cluster;
	build->snap->uplink = uplink;
}

const struct weft_snapshot *
weft_build_seal(struct weft_build *build, uint64_t generation)
{
	struct weft_snapshot *snap = build->snap;

	build_drop_emptied(build);
	snap->generation = generation;
	if (snap->cluster)
		weft_stamp_make(snap->stamp, snap->cluster, (uint32_t)generation);
	build->sealed = true;
	return snap;
}

struct weft_snapshot *
weft_build_finish(struct weft_build *build, uint64_t generation)
{
	struct weft_snapshot *snap = build->snap;

	if (!build->sealed)
		weft_build_seal(build, generation);
	for (uint32_t i = 0; i < build->emptied.n; i++)
		weft_domain_id_free(build->placement, build->emptied.items[i]);
	end(build);
	return snap;
}

void
weft_snapshot_free(struct weft_snapshot *snap)
{
	if (snap == NULL)
		return;
	for (unsigned int i = 0; i < WEFT_PORT_PAGES; i++)
		put_port_page(snap->port_page[i]);
	for (unsigned int i = 0; i < WEFT_DOMAIN_PAGES; i++)
		build_put_domain_page(snap->domain_page[i]);
	build_members_unref(snap->members);
	if (snap->macs)
		build_macs_unref(snap->macs);
	else
		weft_mactab_fini(&snap->static_macs); // the engine's first snapshot, which is empty
	rte_free(snap);
}
