// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The steps of an attempt. Each is one request; its outcome shows in the publication.
#pragma once

#include "attempt.h"

// Publishes the attempt that the driver has put together.
void barrier_claim(struct driver *d);

// Makes this host the driver of another host's attempt.
void barrier_take_over(struct driver *d);

// Writes the next part of the record; after the last one, asks the hosts to prepare.
void barrier_write(struct driver *d);

// Brings the generation into force once all concerned live hosts have prepared. A refusal or the deadline ends the
// attempt.
void barrier_check(struct driver *d);

// Writes more of the generation in force down as objects. The last transaction ends the attempt: the objects of a
// generation are complete before the next one begins.
void barrier_fold(struct driver *d);

// Gives the attempt up: the generation before stays in force everywhere. WHY goes to the writes and into the log.
void barrier_abandon(struct driver *d, const char *why);

// The host NAME has the state STATE; STATE NULL: it has lost its lease. NAME NULL: all states were read anew.
void barrier_ack(struct driver *d, const char *name, const json_t *state);
