// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "assignment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/engine.h"

#include "assignment_list.h"

#define NO_VLAN 4095

struct held_functions held = { .questions = -1 };

const char *
weft_sysfs(void)
{
	const char *sysfs = getenv("WEFT_SYSFS"); // of a test

	return sysfs ? sysfs : "/sys";
}

struct held *
held_find(const char *path)
{
	struct held *h = held.first;

	while (h && (h->gone || strcmp(h->path, path)))
		h = h->next;
	return h;
}

struct held *
held_holder(const char *address, const struct held *but)
{
	struct held *h = held.first;

	while (h && (h == but || h->leaving || strcmp(h->vf.address, address)))
		h = h->next;
	return h;
}

bool
weft_functions_has(const char *path)
{
	return held_find(path) != NULL;
}

const char *
weft_functions_address(const char *path)
{
	const struct held *h = held_find(path);

	return h ? h->vf.address : "";
}

const char *
weft_functions_user(const char *address)
{
	const struct held *h = held_holder(address, NULL);

	return h ? h->path : NULL;
}

void
held_drop(struct held *h)
{
	struct held **at = &held.first;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	free(h);
}

// A VF that was passed through may be driven by its VM still: it gets nowhere any more. Where the PF cannot take its
// link away it is in a VLAN that no switch forwards (IEEE 802.1Q, table 9-2).
static void
cut_off(const struct held *h)
{
	struct weft_vf parked = { .index = h->want.index, .tpid = WEFT_VF_8021Q, .spoof_check = true }, was;
	struct weft_error err;

	if (h->mask & 1 << WEFT_VF_LINK)
		parked.link = WEFT_VF_LINK_OFF;
	else
		parked.vlan = NO_VLAN;
	if (weft_vf_set(held.questions, h->pf.ifindex, &parked, h->mask & ~(1u << WEFT_VF_MAC), &was, &err))
		WEFT_LOG(ERR, "event=vf-parked port=%s pf=%s vf=%u error=\"%s\"", h->path, h->pf.interface,
			h->want.index, err.text);
}

// A VF that nobody drives any more, or yet: its PF enforces for it what it does for a new one, and it goes back to the
// driver that it had.
static void
give_back(const struct held *h)
{
	struct weft_vf none = { .index = h->want.index, .tpid = WEFT_VF_8021Q, .spoof_check = true }, was;
	struct weft_error err;

	if (!h->fresh)
		weft_vf_set(held.questions, h->pf.ifindex, &none, h->mask & ~(1u << WEFT_VF_MAC), &was, &err);
	if (h->bound)
		weft_sriov_release(weft_sysfs(), &h->vf, h->had_driver);
}

static void
let_go(struct held *h)
{
	if (held_holder(h->vf.address, h) == NULL) {
		if (h->polled || h->fresh)
			give_back(h);
		else
			cut_off(h);
	}
	held_drop(h);
}

// The guarantees of the PF's VFs must fit its link.
static int
check_guarantees(const struct held *of, const struct weft_projection *projection, struct weft_error *err)
{
	uint64_t sum = projection->want.min_rate;
	unsigned int n = 1;

	for (const struct held *h = held.first; h; h = h->next) {
		if (h == of || h->leaving || h->gone || h->want.min_rate == 0 || strcmp(h->pf.address, of->pf.address))
			continue;
		sum += h->want.min_rate;
		n++;
	}
	if (projection->want.min_rate == 0 || of->pf.speed == 0 || sum <= of->pf.speed)
		return 0;
	return weft_fail(err, ENOSPC,
		"port %s: the guarantees (min_rate) of %u VFs of %s are %llu Mbit/s together, and its link has %u: "
		"lower them by %llu",
		of->path, n, of->pf.interface, (unsigned long long)sum, of->pf.speed,
		(unsigned long long)(sum - of->pf.speed));
}

static int
check_strict(const struct held *h, const struct weft_port *port, const struct weft_projection *projection,
	struct weft_error *err)
{
	char missing[330];

	if (!weft_port_is_passed_through(port) || port->attach.enforce == WEFT_VF_LENIENT || projection->n_missing == 0)
		return 0;
	weft_projection_missing(projection, missing, sizeof(missing));
	return weft_fail(err, EOPNOTSUPP,
		"port %s: PF %s does not enforce its whole policy; change that, or have it so with \"enforce\": "
		"\"lenient\": %s",
		port->o.path, h->pf.interface, missing);
}

// Where the port's VF is now.
static int
locate(struct held *h, const struct weft_port *port, struct weft_error *err)
{
	const struct held *other;
	struct weft_function pf, vf;
	struct weft_error why;
	int ret = weft_sriov_pf(weft_sysfs(), port->attach.pf, &pf, &why);

	if (ret == 0)
		ret = weft_sriov_vf(weft_sysfs(), &pf, port->attach.index, &vf, &why);
	if (ret)
		return weft_fail(err, -ret, "port %s: %.400s", port->o.path, why.text);
	if (pf.ifindex == 0)
		return weft_fail(err, ENODEV,
			"port %s: PF %s has no interface of the kernel's, which its VFs are set up by; it has the "
			"driver "
			"%s",
			port->o.path, pf.address, pf.driver[0] ? pf.driver : "none");
	other = held_holder(vf.address, h);
	if (other)
		return weft_fail(err, EBUSY, "port %s: VF %u of %s is port %s's", port->o.path, port->attach.index,
			pf.interface, other->path);
	h->pf = pf;
	h->vf = vf;
	return 0;
}

// Gives the VF to the driver that it needs. One that is passed through keeps the one it has: a container's may be the
// kernel's.
static int
bind_driver(struct held *h, struct weft_error *err)
{
	const bool kernels = h->vf.driver[0] && !weft_pci_driver_usable(h->vf.driver);
	const char *driver = h->polled ? weft_sriov_polling_driver(h->pf.driver) : "vfio-pci";
	struct weft_error why;
	int ret;

	if (h->vf.driver[0] && (!h->polled || strcmp(h->vf.driver, driver) == 0))
		return 0;
	if (kernels && h->vf.interface[0] == 0)
		return weft_fail(err, EBUSY,
			"port %s: VF %u of %s is in use: its interface is in another network namespace", h->path,
			h->want.index, h->pf.interface);
	if (kernels && h->vf.up)
		return weft_fail(err, EBUSY,
			"port %s: VF %u of %s is in use as the kernel's %s; run 'ip link set dev %s down' first",
			h->path, h->want.index, h->pf.interface, h->vf.interface, h->vf.interface);
	ret = weft_sriov_bind(weft_sysfs(), &h->vf, driver, &why);
	if (ret)
		return weft_fail(err, -ret, "port %s: %.400s", h->path, why.text);
	h->bound = true;
	h->had_driver = h->vf.driver[0] != 0;
	return 0;
}

static int
tell_pf(struct held *h, const struct weft_projection *projection, struct weft_error *err)
{
	unsigned int mask = h->mask | projection->mask;
	struct weft_error why;
	struct weft_vf before;
	int ret = weft_vf_set(held.questions, h->pf.ifindex, &projection->want, mask, &before, &why);

	if (ret)
		return weft_fail(err, -ret,
			"port %s: PF %s (%s) refuses of VF %u %.200s; all is as it was, 'dmesg' may say why", h->path,
			h->pf.interface, h->pf.driver, projection->want.index, why.text);
	if (h->unsettled == 0)
		h->before = before;
	h->unsettled |= weft_vf_differs(&before, &projection->want, mask);
	h->want = projection->want;
	h->mask = mask;
	h->error[0] = 0;
	return 0;
}

int
weft_functions_take(const struct weft_local *local, const struct weft_port *port, struct weft_error *err)
{
	struct held *h = held_find(port->o.path);
	struct weft_projection projection;
	bool fresh = h == NULL;
	int ret;

	if (fresh) {
		h = calloc(1, sizeof(*h));
		if (h == NULL)
			return weft_fail(err, ENOMEM, "port %s: no memory", port->o.path);
		h->next = held.first;
		held.first = h;
		h->fresh = true;
		h->polled = !weft_port_is_passed_through(port);
		h->want.index = port->attach.index;
		snprintf(h->path, sizeof(h->path), "%s", port->o.path);
	}
	ret = locate(h, port, err);
	if (ret == 0)
		ret = weft_project(local->model, port, &h->pf, &projection, err);
	if (ret) {
		if (fresh)
			held_drop(h);
		return ret;
	}
	ret = check_strict(h, port, &projection, err);
	if (ret == 0)
		ret = check_guarantees(h, &projection, err);
	if (ret == 0)
		ret = bind_driver(h, err);
	if (ret == 0)
		ret = tell_pf(h, &projection, err);
	json_decref(projection.rows);
	if (ret == 0 || !fresh)
		return ret;
	// Nobody drives it yet.
	if (h->bound)
		weft_sriov_release(weft_sysfs(), &h->vf, h->had_driver);
	held_drop(h);
	return ret;
}

void
weft_functions_opened(const char *path, uint16_t slot)
{
	struct held *h = held_find(path);

	if (h)
		h->slot = slot;
}

void
weft_functions_closed(uint16_t slot)
{
	struct held *h = held.first;

	while (h && h->slot != slot)
		h = h->next;
	if (h == NULL)
		return;
	h->slot = WEFT_PORT_NONE;
	if (h->gone)
		let_go(h);
}

void
weft_functions_leave(const char *path)
{
	struct held *h = held_find(path);

	if (h)
		h->leaving = true;
}

// Its driver is not taken from it while DPDK has it.
static void
end(struct held *h)
{
	h->leaving = h->gone = true;
	if (h->slot == WEFT_PORT_NONE)
		let_go(h);
}

void
weft_functions_accept(void)
{
	struct held *next;

	for (struct held *h = held.first; h; h = next) {
		next = h->next;
		h->fresh = false;
		h->unsettled = 0;
		if (h->leaving && !h->gone)
			end(h);
	}
}

void
weft_functions_abort(void)
{
	struct weft_error err;
	struct weft_vf was;
	struct held *next;

	for (struct held *h = held.first; h; h = next) {
		next = h->next;
		if (h->gone)
			continue;
		h->leaving = false;
		if (h->unsettled && weft_vf_set(held.questions, h->pf.ifindex, &h->before, h->unsettled, &was, &err))
			WEFT_LOG(ERR, "event=vf-abort port=%s error=\"%s\"", h->path, err.text);
		h->want = h->unsettled ? h->before : h->want;
		h->unsettled = 0;
		if (h->fresh)
			end(h);
	}
}
