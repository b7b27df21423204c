// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct weft_device *
find(const struct weft_local *local, const char *key)
{
	struct weft_device *device;

	HASH_FIND_STR(local->devices, key, device);
	return device;
}

int
weft_device_add(struct weft_local *local, const char *key)
{
	struct weft_device *device;

	if (find(local, key))
		return 0;
	device = calloc(1, sizeof(*device));
	if (device == NULL)
		return -ENOMEM;
	snprintf(device->key, sizeof(device->key), "%s", key);
	HASH_ADD_STR(local->devices, key, device);
	if (device->hh.tbl)
		return 0;
	free(device);
	return -ENOMEM;
}

static void
drop(struct weft_local *local, struct weft_device *device)
{
	HASH_DEL(local->devices, device);
	free(device);
}

void
weft_device_remove(struct weft_local *local, const char *key)
{
	struct weft_device *device = find(local, key);

	if (device)
		drop(local, device);
}

void
weft_devices_clear(struct weft_local *local)
{
	struct weft_device *device, *next;

	HASH_ITER (hh, local->devices, device, next)
		drop(local, device);
}
