// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The latest lines of weftd's log, as events. Control thread.
#pragma once

#include "call.h"

// "events", {after, run, timeout_ms}: {run, events: [{number, time, level, ...}], lost}: the events after the number
// params.after; if there are none yet, the answer waits for the next, or for timeout_ms. "lost": older ones are missing.
// Numbers start anew with weftd: "run" names this start of it, and with the run of another the oldest events are meant.
void weft_api_events(struct weft_call *call, const json_t *params);

// Answers the calls that wait, if there are new events or their time is over. To be called every MS milliseconds.
void weft_events_tick(unsigned int ms);
