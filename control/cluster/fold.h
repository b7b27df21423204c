// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Writing a generation that is in force down as objects, in as many transactions as it takes.
#pragma once

#include "attempt.h"

// Makes the list of operations, unless it is made already.
void fold_begin(struct driver *d);

// Whether all operations that are left fit into one transaction.
bool fold_fits(const struct driver *d);

// Moves as many operations into TXN as fit.
void fold_take(struct driver *d, json_t *txn);

// Adds the generation's summary to TXN, for the list of generations.
void fold_log(const struct driver *d, json_t *txn);

// Adds the removal of the record that is now too old to TXN.
void fold_forget_old(const struct driver *d, json_t *txn);
