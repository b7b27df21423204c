// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The publication: the value of the key "publish", which says how far a generation is.
#pragma once

#include <jansson.h>

#include "util.h"

enum pub_state {
	PUB_IDLE,    // GENERATION is in force, and its objects are written
	PUB_WRITE,   // the record of GENERATION is being written
	PUB_PREPARE, // the concerned hosts prepare GENERATION
	PUB_ACTIVE,  // GENERATION is in force, and its objects are being written
};

// A host that reads of a generation so far ahead of those that it knows of reads everything, before it believes it.
#define PUB_MAX_AHEAD 100000

// A publication as this host last read it.
struct publication {
	int64_t revision; // of its last change; 0: the key does not exist
	uint64_t generation;
	enum pub_state state;
	char id[ID_SIZE];   // of the attempt at this generation
	char driver[128];   // the host that drives the attempt, as "host/incarnation"
	unsigned int parts; // keys that the record takes
	json_t *json;	    // the whole value
};

// Makes PUB the publication VALUE, which was written at REVISION.
void publication_set(struct publication *pub, const json_t *value, int64_t revision);

// Makes PUB the publication in KV, a key-value pair of etcd's; NULL: the key does not exist. Returns 0, or -EBADMSG with ERR
// and PUB as before: no host of the cluster has written that.
int publication_take(struct publication *pub, const json_t *kv, struct weft_error *err);

// Returns the generation in force.
uint64_t publication_in_force(const struct publication *pub);

// Returns the name that STATE has in the store.
const char *publication_state_name(enum pub_state state);

// Whether HOSTS, an array of names or "*" for all, contains the host NAME.
bool publication_concerns(const json_t *hosts, const char *name);
