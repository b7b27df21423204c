// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Functions that run once no worker can use something any more: when each has passed a quiescent point (rte_rcu_qsbr).
// Control thread, except where it says otherwise.
#pragma once

// Calls FN with ARG when every worker has passed a quiescent point from now on. Returns 0 or -ENOMEM.
int weft_defer_add(void (*fn)(void *arg), void *arg);

// Runs what is due. Never waits. Returns how many functions are still to run.
unsigned int weft_defer_run(void);

// Runs all, whether it is due or not: no worker runs any more.
void weft_defer_run_all(void);

// Waits until every worker has passed a quiescent point. Any thread except a worker.
void weft_defer_quiesce(void);
