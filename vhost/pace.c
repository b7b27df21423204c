// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "pace.h"

#include <errno.h>

#include "weft/clock.h"

#include "port.h"

#define FIRST_BACKOFF_MS 2
#define LAST_BACKOFF_MS	 1000
#define LAST_ABSENT_MS	 8000 // where weft is told when a socket appears
// Thousands of ports do not try in the same millisecond, but over a fourth of the time.
#define SPREAD 4
// A connection that ends earlier, without a link, makes the next one wait longer.
#define SHORT_MS 100
// How long a front end may keep the thread busy at once, in us. A tenth of the time that passes comes back.
#define BUDGET_US 100000
#define SHARE	  10
// A front end that weft had to stop waits twice as long each time, until it has behaved for so long.
#define LONGEST_PENALTY_MS 60000

static void
try_again_soon(struct vhost_port *port)
{
	port->backoff_ms = FIRST_BACKOFF_MS;
	port->next_try_ms = 0;
}

static uint32_t
back_off(struct vhost_port *port, uint64_t now_ms, uint32_t most_ms)
{
	uint32_t wait = RTE_MIN(port->backoff_ms, most_ms);

	port->next_try_ms = now_ms + wait;
	port->backoff_ms = RTE_MIN(wait * 2, most_ms);
	return wait;
}

void
vhost_pace_init(struct vhost_port *port, uint64_t now_us)
{
	try_again_soon(port);
	port->left_us = BUDGET_US;
	port->refilled_us = now_us;
	port->messages_left = VHOST_BUDGET_MESSAGES;
	port->fds_left = VHOST_BUDGET_FDS;
	port->counted_ms = now_us / 1000;
}

bool
vhost_pace_allows(struct vhost_port *port, uint64_t now_us)
{
	uint64_t back = (now_us - port->refilled_us) / SHARE;

	port->refilled_us += back * SHARE;
	port->left_us =
		(int64_t)RTE_MIN(port->left_us + (int64_t)RTE_MIN(back, (uint64_t)BUDGET_US), (int64_t)BUDGET_US);
	return port->left_us > 0;
}

void
vhost_pace_charge(struct vhost_port *port, uint64_t start_us)
{
	port->left_us -= (int64_t)(weft_clock_us() - start_us);
}

void
vhost_pace_hurry(struct vhost_port *port)
{
	if (port->offences == 0)
		try_again_soon(port);
}

void
vhost_pace_missed(struct vhost_port *port, uint64_t now_ms, bool told)
{
	uint32_t most = told ? LAST_ABSENT_MS : LAST_BACKOFF_MS;

	if (back_off(port, now_ms, most) == most)
		port->next_try_ms += port->io->slot % (most / SPREAD);
}

void
vhost_pace_ended(struct vhost_port *port, int why, uint8_t broken, uint64_t since_ms, uint64_t now_ms)
{
	if (broken) {
		if (now_ms > port->offended_ms + LONGEST_PENALTY_MS)
			port->offences = 0;
		port->next_try_ms = now_ms + RTE_MIN((uint64_t)LAST_BACKOFF_MS << RTE_MIN(port->offences++, 16u),
						     (uint64_t)LONGEST_PENALTY_MS);
		port->offended_ms = port->next_try_ms;
	} else if (why != -ECONNRESET) {
		port->next_try_ms = now_ms + LAST_BACKOFF_MS;
	} else if (now_ms - since_ms < SHORT_MS && !port->was_up) {
		back_off(port, now_ms, LAST_BACKOFF_MS);
	} else {
		try_again_soon(port);
	}
}
