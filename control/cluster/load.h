// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reading the policy and the records of generations from the store.
#pragma once

#include "impl.h"

// OBJECTS is a new object, {key: object}; NULL: the read failed. KV is the key-value pair of the publication, NULL: it
// does not exist. REVISION is the moment that all of it was read at.
typedef void (*load_cb)(struct weft_cluster *c, void *arg, json_t *objects, const json_t *kv, int64_t revision);

// Reads the policy as it was at one moment: ALL of it, or the objects outside of tenants, and those of the tenants that
// have ports on this host or are keys of TENANTS, which may be NULL.
void load_policy(struct weft_cluster *c, bool all, const json_t *tenants, load_cb cb, void *arg);

// RECORD is a new object; NULL: the read failed, or there is no such record.
typedef void (*record_cb)(struct weft_cluster *c, void *arg, json_t *record);

// Reads the record of GENERATION.
void load_record(struct weft_cluster *c, uint64_t generation, record_cb cb, void *arg);
