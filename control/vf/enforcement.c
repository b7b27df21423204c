// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "enforcement.h"

#include <stdlib.h>
#include <string.h>

#define NO_VLAN 4095

static int socket_fd = -1;

const char *
weft_sysfs(void)
{
	const char *sysfs = getenv("WEFT_SYSFS");

	return sysfs ? sysfs : "/sys";
}

void
weft_enforcement_set_socket(int fd)
{
	socket_fd = fd;
}

int
weft_enforcement_socket(void)
{
	return socket_fd;
}

int
weft_enforcement_bind(struct weft_assignment *a, struct weft_error *err)
{
	const bool kernels = a->vf.driver[0] && !weft_pci_driver_usable(a->vf.driver);
	const char *driver = a->polled ? weft_sriov_polling_driver(a->pf.driver) : "vfio-pci";
	struct weft_error why;
	int ret;

	if (a->vf.driver[0] && (!a->polled || strcmp(a->vf.driver, driver) == 0))
		return 0;
	if (kernels && a->vf.interface[0] == 0)
		return weft_fail(err, EBUSY,
			"port %s: VF %u of %s is in use: its interface is in another network namespace", a->path,
			a->want.index, a->pf.interface);
	if (kernels && a->vf.up)
		return weft_fail(err, EBUSY,
			"port %s: VF %u of %s is in use as the kernel's %s; run 'ip link set dev %s down' first",
			a->path, a->want.index, a->pf.interface, a->vf.interface, a->vf.interface);
	ret = weft_sriov_bind(weft_sysfs(), &a->vf, driver, &why);
	if (ret)
		return weft_fail(err, -ret, "port %s: %.400s", a->path, why.text);
	a->bound = true;
	a->had_driver = a->vf.driver[0] != 0;
	return 0;
}

int
weft_enforcement_apply(struct weft_assignment *a, const struct weft_projection *projection, struct weft_error *err)
{
	unsigned int mask = a->mask | projection->mask;
	struct weft_error why;
	struct weft_vf before;
	int ret = weft_vf_set(socket_fd, a->pf.ifindex, &projection->want, mask, &before, &why);

	if (ret)
		return weft_fail(err, -ret,
			"port %s: PF %s (%s) refuses to set up VF %u: %.200s; nothing has changed, and 'dmesg' may say why",
			a->path, a->pf.interface, a->pf.driver, projection->want.index, why.text);
	if (a->changed == 0)
		a->before = before;
	a->changed |= weft_vf_differs(&before, &projection->want, mask);
	a->want = projection->want;
	a->mask = mask;
	a->error[0] = 0;
	return 0;
}

void
weft_enforcement_undo(struct weft_assignment *a)
{
	struct weft_error err;
	struct weft_vf was;

	if (a->changed == 0)
		return;
	if (weft_vf_set(socket_fd, a->pf.ifindex, &a->before, a->changed, &was, &err))
		WEFT_LOG(ERR, "event=vf-abort port=%s error=\"%s\"", a->path, err.text);
	a->want = a->before;
	a->changed = 0;
}

void
weft_enforcement_reset(const struct weft_assignment *a)
{
	struct weft_vf none = { .index = a->want.index, .tpid = WEFT_VF_8021Q, .spoof_check = true }, was;
	struct weft_error err;

	if (!a->fresh)
		weft_vf_set(socket_fd, a->pf.ifindex, &none, a->mask & ~(1u << WEFT_VF_MAC), &was, &err);
	if (a->bound)
		weft_sriov_release(weft_sysfs(), &a->vf, a->had_driver);
}

void
weft_enforcement_cut_off(const struct weft_assignment *a)
{
	struct weft_vf parked = { .index = a->want.index, .tpid = WEFT_VF_8021Q, .spoof_check = true }, was;
	struct weft_error err;

	if (a->mask & 1 << WEFT_VF_LINK)
		parked.link = WEFT_VF_LINK_OFF;
	else
		parked.vlan = NO_VLAN;
	if (weft_vf_set(socket_fd, a->pf.ifindex, &parked, a->mask & ~(1u << WEFT_VF_MAC), &was, &err))
		WEFT_LOG(ERR, "event=vf-parked port=%s pf=%s vf=%u error=\"%s\"", a->path, a->pf.interface,
			a->want.index, err.text);
}
