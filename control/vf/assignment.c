// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "assignment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/engine.h"

#include "enforcement.h"
#include "projection.h"

static struct weft_assignment *first;

struct weft_assignment *
weft_assignment_first(void)
{
	return first;
}

struct weft_assignment *
weft_assignment_find(const char *path)
{
	struct weft_assignment *a = first;

	while (a && (a->gone || strcmp(a->path, path)))
		a = a->next;
	return a;
}

// The assignment of the function at ADDRESS that stays, other than BUT; or NULL.
static const struct weft_assignment *
find_by_address(const char *address, const struct weft_assignment *but)
{
	const struct weft_assignment *a = first;

	while (a && (a == but || a->leaving || strcmp(a->vf.address, address)))
		a = a->next;
	return a;
}

const char *
weft_assignment_address(const char *path)
{
	const struct weft_assignment *a = weft_assignment_find(path);

	return a ? a->vf.address : "";
}

const char *
weft_assignment_user(const char *address)
{
	const struct weft_assignment *a = find_by_address(address, NULL);

	return a ? a->path : NULL;
}

static void
drop(struct weft_assignment *a)
{
	struct weft_assignment **at = &first;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	free(a);
}

void
weft_assignment_forget(void)
{
	while (first)
		drop(first);
}

static void
release(struct weft_assignment *a)
{
	if (find_by_address(a->vf.address, a) == NULL) {
		if (a->polled || a->fresh)
			weft_enforcement_reset(a);
		else
			weft_enforcement_cut_off(a);
	}
	drop(a);
}

// The guarantees of the PF's VFs must fit its link.
static int
check_guarantees(const struct weft_assignment *of, const struct weft_projection *projection, struct weft_error *err)
{
	uint64_t sum = projection->want.min_rate;
	unsigned int n = 1;

	for (const struct weft_assignment *a = first; a; a = a->next) {
		if (a == of || a->leaving || a->gone || a->want.min_rate == 0 || strcmp(a->pf.address, of->pf.address))
			continue;
		sum += a->want.min_rate;
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
check_strict(const struct weft_assignment *a, const struct weft_port *port, const struct weft_projection *projection,
	struct weft_error *err)
{
	char missing[330];

	if (!weft_port_is_passed_through(port) || port->attach.enforce == WEFT_VF_LENIENT || projection->n_missing == 0)
		return 0;
	weft_projection_missing(projection, missing, sizeof(missing));
	return weft_fail(err, EOPNOTSUPP,
		"port %s: PF %s does not enforce its whole policy; change the policy, or accept this by \"enforce\": "
		"\"lenient\": %s",
		port->o.path, a->pf.interface, missing);
}

// Finds the port's PF and VF, which may have changed since the last time.
static int
locate(struct weft_assignment *a, const struct weft_port *port, struct weft_error *err)
{
	const struct weft_assignment *other;
	struct weft_pci_function pf, vf;
	struct weft_error why;
	int ret = weft_sriov_pf(weft_sysfs(), port->attach.pf, &pf, &why);

	if (ret == 0)
		ret = weft_sriov_vf(weft_sysfs(), &pf, port->attach.index, &vf, &why);
	if (ret)
		return weft_fail(err, -ret, "port %s: %.400s", port->o.path, why.text);
	if (pf.ifindex == 0)
		return weft_fail(err, ENODEV,
			"port %s: PF %s has no kernel interface, which is needed to set up its VFs; its driver is %s",
			port->o.path, pf.address, pf.driver[0] ? pf.driver : "none");
	other = find_by_address(vf.address, a);
	if (other)
		return weft_fail(err, EBUSY, "port %s: VF %u of %s is already used by port %s", port->o.path,
			port->attach.index, pf.interface, other->path);
	a->pf = pf;
	a->vf = vf;
	return 0;
}

static struct weft_assignment *
new_assignment(const struct weft_port *port)
{
	struct weft_assignment *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->next = first;
	first = a;
	a->fresh = true;
	a->polled = !weft_port_is_passed_through(port);
	a->want.index = port->attach.index;
	snprintf(a->path, sizeof(a->path), "%s", port->o.path);
	return a;
}

int
weft_assignment_make(const struct weft_model *model, const struct weft_port *port, struct weft_error *err)
{
	struct weft_assignment *known = weft_assignment_find(port->o.path), *a = known ? known : new_assignment(port);
	struct weft_projection projection;
	int ret;

	if (a == NULL)
		return weft_fail(err, ENOMEM, "port %s: no memory", port->o.path);
	ret = locate(a, port, err);
	if (ret == 0)
		ret = weft_project(model, port, &a->pf, &projection, err);
	if (ret) {
		if (known == NULL)
			drop(a);
		return ret;
	}
	ret = check_strict(a, port, &projection, err);
	if (ret == 0)
		ret = check_guarantees(a, &projection, err);
	if (ret == 0)
		ret = weft_enforcement_bind(a, err);
	if (ret == 0)
		ret = weft_enforcement_apply(a, &projection, err);
	json_decref(projection.rows);
	if (ret && known == NULL) {
		weft_enforcement_reset(a);
		drop(a);
	}
	return ret;
}

void
weft_assignment_opened(const char *path, uint16_t slot)
{
	struct weft_assignment *a = weft_assignment_find(path);

	if (a)
		a->slot = slot;
}

void
weft_assignment_closed(uint16_t slot)
{
	struct weft_assignment *a = first;

	while (a && a->slot != slot)
		a = a->next;
	if (a == NULL)
		return;
	a->slot = WEFT_PORT_NONE;
	if (a->gone)
		release(a);
}

void
weft_assignment_leave(const char *path)
{
	struct weft_assignment *a = weft_assignment_find(path);

	if (a)
		a->leaving = true;
}

// The VF keeps its driver while DPDK has its device open.
static void
end(struct weft_assignment *a)
{
	a->leaving = a->gone = true;
	if (a->slot == WEFT_PORT_NONE)
		release(a);
}

void
weft_assignment_accept(void)
{
	struct weft_assignment *next;

	for (struct weft_assignment *a = first; a; a = next) {
		next = a->next;
		a->fresh = false;
		a->changed = 0;
		if (a->leaving && !a->gone)
			end(a);
	}
}

void
weft_assignment_abort(void)
{
	struct weft_assignment *next;

	for (struct weft_assignment *a = first; a; a = next) {
		next = a->next;
		if (a->gone)
			continue;
		a->leaving = false;
		weft_enforcement_undo(a);
		if (a->fresh)
			end(a);
	}
}
