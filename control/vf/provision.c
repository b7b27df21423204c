// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "provision.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "control/journal/side_file.h"
#include "assignment.h"
#include "enforcement.h"

#define ADVICE "restore the file from a backup, or move it away, and weftd takes no VF for its own"

static char dir[256];
static json_t *created; // {address of a PF: VFs}

unsigned int
weft_provision_count(const char *address)
{
	return (unsigned int)json_integer_value(json_object_get(created, address));
}

// Notes in the file that the PF at ADDRESS has N of weft's VFs.
static int
keep(const char *address, unsigned int n, struct weft_error *err)
{
	if (n)
		json_object_set_new(created, address, json_integer(n));
	else
		json_object_del(created, address);
	if (weft_side_file_write(dir, "vfs.json", created, true))
		return weft_fail(err, EIO, "%s/vfs.json cannot be written", dir);
	return 0;
}

// Logs why VFs cannot be created on the PF at ADDRESS, if it is news; "": they can.
static void
log_error(const char *address, const char *why)
{
	static json_t *logged;

	if (logged == NULL)
		logged = json_object();
	if (strcmp(why, json_string_value(json_object_get(logged, address)) ?: "") == 0)
		return;
	json_object_set_new(logged, address, json_string(why));
	if (why[0])
		WEFT_LOG(ERR, "event=vfs pf=%s error=\"%s\"", address, why);
}

// Creates N VFs on the PF at ADDRESS, if the PF exists and has none.
static void
create_again(const char *address, unsigned int n)
{
	struct weft_pci_function pf;
	struct weft_error err;
	int ret = weft_sriov_pf(weft_sysfs(), address, &pf, &err);

	if (ret == 0 && pf.vfs == 0)
		ret = weft_sriov_create(weft_sysfs(), &pf, n, &err);
	log_error(address, ret ? err.text : "");
	if (ret == 0 && pf.vfs == 0)
		WEFT_LOG(INFO, "event=vfs pf=%s made=%u", address, n);
}

int
weft_provision_restore(const char *state_dir, struct weft_error *err)
{
	struct weft_error why;
	const char *address;
	json_t *n;

	snprintf(dir, sizeof(dir), "%s", state_dir);
	json_decref(created);
	created = weft_side_file_read(dir, "vfs.json", &why);
	json_object_foreach (created, address, n)
		if (!json_is_integer(n) || json_integer_value(n) < 1 || json_integer_value(n) > UINT16_MAX)
			return weft_fail(err, EBADMSG,
				"%s/vfs.json: %.60s: expected a number of VFs from 1 to 65535; " ADVICE, dir, address);
	if (created == NULL)
		return weft_fail(err, EBADMSG, "%.300s; " ADVICE, why.text);
	json_object_foreach (created, address, n)
		create_again(address, (unsigned int)json_integer_value(n));
	return 0;
}

// The VFs that a thread beside the control thread creates.
static struct {
	_Atomic bool busy;
	char address[WEFT_PCI_ADDRESS];
	unsigned int n;
} again;

static void *
create_in_thread(void *arg)
{
	(void)arg;
	create_again(again.address, again.n);
	atomic_store(&again.busy, false);
	return NULL;
}

// A PF that is being removed has no VFs either, and a write to its sriov_numvfs waits until it is gone: hence the thread.
void
weft_provision_watch(void)
{
	struct weft_pci_function pf;
	struct weft_error err;
	const char *address;
	pthread_t thread;
	json_t *n;

	json_object_foreach (created, address, n) {
		if (atomic_load(&again.busy) || weft_sriov_pf(weft_sysfs(), address, &pf, &err) || pf.vfs)
			continue;
		snprintf(again.address, sizeof(again.address), "%.15s", address);
		again.n = (unsigned int)json_integer_value(n);
		atomic_store(&again.busy, true);
		if (pthread_create(&thread, NULL, create_in_thread, NULL))
			atomic_store(&again.busy, false);
		else
			pthread_detach(thread);
	}
}

int
weft_provision_create(const struct weft_pci_function *pf, long long count, struct weft_error *err)
{
	int ret;

	// Creating the same VFs again is no error.
	if (pf->vfs && pf->vfs == count && weft_provision_count(pf->address) == count)
		return 0;
	if (count < 1 || count > 1024)
		return weft_fail(err, EINVAL, "params.count: expected a number of VFs from 1 to %u", pf->total_vfs);
	ret = weft_sriov_create(weft_sysfs(), pf, (unsigned int)count, err);
	if (ret)
		return ret;
	ret = keep(pf->address, (unsigned int)count, err);
	if (ret) {
		struct weft_error more;

		weft_sriov_destroy(weft_sysfs(), pf, &more);
		json_object_del(created, pf->address);
		return ret;
	}
	WEFT_LOG(INFO, "event=vfs pf=%s made=%lld", pf->address, count);
	return 0;
}

// Whether no port and no virtual machine uses a VF of PF. Returns 0, or -EBUSY with ERR.
static int
check_unused(const struct weft_pci_function *pf, struct weft_error *err)
{
	struct weft_pci_function vf;

	for (unsigned int i = 0; i < pf->vfs; i++) {
		const char *port =
			weft_sriov_vf(weft_sysfs(), pf, i, &vf, err) ? NULL : weft_assignment_user(vf.address);

		if (port)
			return weft_fail(err, EBUSY, "VF %u of %s is used by port %s; run 'weftctl port del %s' first",
				i, pf->address, port, port);
		if (vf.address[0] && weft_sriov_is_driven(&vf))
			return weft_fail(err, EBUSY,
				"VF %u of %s is in use by a virtual machine; stop the machine first", i, pf->address);
	}
	return 0;
}

int
weft_provision_destroy(const struct weft_pci_function *pf, struct weft_error *err)
{
	int ret;

	if (weft_provision_count(pf->address) == 0 && pf->vfs == 0)
		return weft_fail(err, ENOENT, "PF %s has no VFs", pf->address);
	if (weft_provision_count(pf->address) == 0)
		return weft_fail(err, EPERM,
			"the %u VFs of %s were not made by weft, which does not remove them; if nobody "
			"needs them, run 'echo 0 >/sys/bus/pci/devices/%s/sriov_numvfs'",
			pf->vfs, pf->address, pf->address);
	ret = check_unused(pf, err);
	if (ret == 0 && pf->vfs)
		ret = weft_sriov_destroy(weft_sysfs(), pf, err);
	if (ret == 0)
		ret = keep(pf->address, 0, err);
	if (ret)
		return ret;
	WEFT_LOG(INFO, "event=vfs pf=%s made=0", pf->address);
	return 0;
}
