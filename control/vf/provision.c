// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "provision.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "assignment.h"

static json_t *made; // {address of a PF: VFs}

static json_t *
all_made(void)
{
	if (made == NULL)
		made = weft_kept("vfs.json");
	return made;
}

unsigned int
weft_made(const char *address)
{
	return (unsigned int)json_integer_value(json_object_get(all_made(), address));
}

static int
keep(const char *address, unsigned int n, struct weft_error *err)
{
	if (n)
		json_object_set_new(all_made(), address, json_integer(n));
	else
		json_object_del(all_made(), address);
	return weft_keep("vfs.json", made, true)
		       ? weft_fail(err, EIO, "%s/vfs.json cannot be written", ctl.config.state_dir)
		       : 0;
}

// Logs what keeps VFs from being made, once.
static void
complain(const char *address, const char *why)
{
	static json_t *said;

	if (said == NULL)
		said = json_object();
	if (strcmp(why, json_string_value(json_object_get(said, address)) ?: "") == 0)
		return;
	json_object_set_new(said, address, json_string(why));
	if (why[0])
		WEFT_LOG(ERR, "event=vfs pf=%s error=\"%s\"", address, why);
}

// Makes the VFs of the PF at ADDRESS, if it is there and has none.
static void
make_again(const char *address, unsigned int n)
{
	struct weft_function pf;
	struct weft_error err;
	int ret = weft_sriov_pf(weft_sysfs(), address, &pf, &err);

	if (ret == 0 && pf.vfs == 0)
		ret = weft_sriov_create(weft_sysfs(), &pf, n, &err);
	complain(address, ret ? err.text : "");
	if (ret == 0 && pf.vfs == 0)
		WEFT_LOG(INFO, "event=vfs pf=%s made=%u", address, n);
}

void
weft_made_restore(void)
{
	const char *address;
	json_t *n;

	json_object_foreach (all_made(), address, n)
		make_again(address, (unsigned int)json_integer_value(n));
}

// What is to be made again beside the control thread.
static struct {
	_Atomic bool busy;
	char address[WEFT_PCI_ADDRESS];
	unsigned int n;
} again;

static void *
make_beside(void *arg)
{
	(void)arg;
	make_again(again.address, again.n);
	atomic_store(&again.busy, false);
	return NULL;
}

// A PF that is being taken away has no VFs either, and whoever makes some waits until it is gone.
void
weft_made_watch(void)
{
	struct weft_function pf;
	struct weft_error err;
	const char *address;
	pthread_t thread;
	json_t *n;

	json_object_foreach (all_made(), address, n) {
		if (atomic_load(&again.busy) || weft_sriov_pf(weft_sysfs(), address, &pf, &err) || pf.vfs)
			continue;
		snprintf(again.address, sizeof(again.address), "%.15s", address);
		again.n = (unsigned int)json_integer_value(n);
		atomic_store(&again.busy, true);
		if (pthread_create(&thread, NULL, make_beside, NULL))
			atomic_store(&again.busy, false);
		else
			pthread_detach(thread);
	}
}

static int
pf_param(const json_t *params, struct weft_function *pf, struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "pf"));

	if (name == NULL)
		return weft_fail(err, EINVAL, "params.pf: missing; it is an interface or a PCI address");
	return weft_sriov_pf(weft_sysfs(), name, pf, err);
}

json_t *
weft_made_create(const json_t *params, struct weft_error *err)
{
	json_int_t count = json_integer_value(json_object_get(params, "count"));
	struct weft_function pf;

	if (pf_param(params, &pf, err))
		return NULL;
	// Again is no error.
	if (pf.vfs && pf.vfs == count && weft_made(pf.address) == count)
		return weft_report_function(params, err);
	if (count < 1 || count > 1024) {
		weft_fail(err, EINVAL, "params.count: expected how many VFs, 1 to %u", pf.total_vfs);
		return NULL;
	}
	if (weft_sriov_create(weft_sysfs(), &pf, (unsigned int)count, err))
		return NULL;
	if (keep(pf.address, (unsigned int)count, err)) {
		struct weft_error more;

		weft_sriov_destroy(weft_sysfs(), &pf, &more);
		json_object_del(all_made(), pf.address);
		return NULL;
	}
	WEFT_LOG(INFO, "event=vfs pf=%s made=%lld", pf.address, count);
	return weft_report_function(params, err);
}

json_t *
weft_made_destroy(const json_t *params, struct weft_error *err)
{
	struct weft_function pf, vf;

	if (pf_param(params, &pf, err))
		return NULL;
	if (weft_made(pf.address) == 0) {
		if (pf.vfs)
			weft_fail(err, EPERM,
				"the %u VFs of %s were not made by weft, which does not take them away; if nobody "
				"needs them, run 'echo 0 >/sys/bus/pci/devices/%s/sriov_numvfs'",
				pf.vfs, pf.address, pf.address);
		else
			weft_fail(err, ENOENT, "PF %s has no VFs", pf.address);
		return NULL;
	}
	for (unsigned int i = 0; i < pf.vfs; i++) {
		const char *port =
			weft_sriov_vf(weft_sysfs(), &pf, i, &vf, err) ? NULL : weft_functions_user(vf.address);

		if (port) {
			weft_fail(err, EBUSY, "VF %u of %s is port %s's; run 'weftctl port del %s' first", i,
				pf.address, port, port);
			return NULL;
		}
		if (vf.address[0] && weft_sriov_is_driven(&vf)) {
			weft_fail(err, EBUSY, "VF %u of %s is in use by a virtual machine: stop that first", i,
				pf.address);
			return NULL;
		}
	}
	if ((pf.vfs && weft_sriov_destroy(weft_sysfs(), &pf, err)) || keep(pf.address, 0, err))
		return NULL;
	WEFT_LOG(INFO, "event=vfs pf=%s made=0", pf.address);
	return weft_report_function(params, err);
}
