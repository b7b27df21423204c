// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Small helpers of the protocol: keys, ids, random numbers, timers, and the error of a host that is out of step.
#pragma once

#include <event2/event.h>

#include "control/policy/model.h"

struct weft_cluster;

#define ID_SIZE 33			  // an id's text with its terminating zero
#define KEY_MAX (64 + WEFT_KEY_SIZE + 32) // a key's text, with the prefix and the terminating zero
#define TXN_OPS 60			  // weft's most operations of one kind in a transaction; etcd allows 128 in all

// Returns a random number below N.
uint32_t cluster_random(uint32_t n);

// Writes a new random id of 32 hexadecimal digits.
void cluster_make_id(char id[ID_SIZE]);

// Writes the key that FMT makes, below the cluster's prefix.
void cluster_key(const struct weft_cluster *c, char key[KEY_MAX], const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

// Starts the timer EVENT anew: it expires in MS milliseconds.
void cluster_after(struct event *event, uint32_t ms);

// The host is out of step: it reads its part of the policy again after a delay, which doubles each time.
void cluster_retry_later(struct weft_cluster *c);

// Notes that WHAT is wrong with the record KEY, and the COMMAND for etcd's tool etcdctl that repairs it. Status and refusals
// name it, until cluster_good() is called.
void cluster_bad(struct weft_cluster *c, const char *key, const char *what, const char *command);
void cluster_good(struct weft_cluster *c);

// The same for the publication, from which the generation in force here can be restored.
void cluster_bad_publication(struct weft_cluster *c, const char *what);

// Writes into ERR why this host cannot read or write the policy now. Returns -EHOSTUNREACH.
int cluster_unavailable(const struct weft_cluster *c, struct weft_error *err);
