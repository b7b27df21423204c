# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Writes the seeds of the target vhost, as fuzz_vhost.c and vhost_input.c read them."""
import os
import sys

START, MESSAGE, OFFER, READ, WRITE, NOTIFY, POKE, _, CUT, _, CHANGE, ANYTHING = range(12)
PACKED, IN_ORDER, MERGEABLE, INDIRECT, EVENT_IDX, LOG_ALL = (1 << i for i in range(6))
SEALED, LOG, BLOCKING, EVENT, INFLIGHT, TWO_PAIRS = (1 << i for i in range(6))
MEMORY_FILE, SEALED_FILE, SHORT_FILE, LOG_FILE, INFLIGHT_FILE = range(5)
NULL_FILE = 10
(RESET_OWNER, SET_MEM_TABLE, SET_LOG_BASE, SET_NUM, SET_ADDR, SET_BASE, GET_BASE, SET_KICK, SET_CALL) = (4, 5, 6, *range(8, 14))
SET_FEATURES, GET_INFLIGHT, SET_INFLIGHT, ADD, REM = 2, 31, 32, 37, 38


def near(add):
    """A number that is ADD off."""
    return bytes([0xa0, add & 0xff])


def any_number(value):
    """A number of its own."""
    return bytes([0xff]) + value.to_bytes(8, "little")


def message(request, *fields, cut=0):
    """A message; what FIELDS do not say is honest."""
    return bytes([MESSAGE, cut, request, 0]) + b"".join(f if isinstance(f, bytes) else bytes([f]) for f in fields)


def start(features=0, how=0):
    """An honest start."""
    return bytes([START, features, how])


def frames(n=8):
    """N frames each way, and interrupts."""
    offers = b"".join(bytes([OFFER, ring, n - 1]) + bytes(n) for ring in (0, 1))
    return offers + bytes([READ, 0x40 | n, WRITE, 4, 60, 0, NOTIFY, 0])


def poke(file, at, data):
    """Bytes in a file."""
    return bytes([POKE, file]) + at.to_bytes(2, "little") + bytes([len(data) - 1]) + data


SEEDS = {
    "split": start() + frames() + frames(),
    "packed": start(PACKED) + frames() + frames(),
    "all": start(MERGEABLE | INDIRECT | EVENT_IDX, EVENT | TWO_PAIRS | SEALED) + frames(20),
    "in_order": start(PACKED | IN_ORDER | EVENT_IDX, EVENT) + frames(32),
    "log": start(LOG_ALL, LOG) + frames() + message(SET_FEATURES, 0, 0, 0, 0) + frames(),
    "inflight": start(PACKED, INFLIGHT) + frames() + bytes([CHANGE, 3]) + start(PACKED, INFLIGHT) + frames(),
    "stop": start() + frames() + message(GET_BASE, 0, 0, 0, 0) + message(SET_KICK, 0, 0, 0, 0, 0) + frames(),
    "pieces": message(SET_MEM_TABLE, 0, cut=20) + message(GET_INFLIGHT) + message(SET_INFLIGHT),
    # The cases: a ring beyond its region, a ring that grows, a log's offset, features that change.
    "used_beyond_region": start() + message(SET_ADDR, 0, 0, 0, any_number(0x700001fff8)) + frames(),
    "num_after_addr": start() + message(GET_BASE, 0) + message(SET_NUM, 0, any_number(32768)) + message(SET_KICK) + frames(),
    "log_offset": start(LOG_ALL, LOG) + message(SET_LOG_BASE, any_number(0x1000), any_number(0x3000), 0) + frames(),
    "packed_then_split": start(PACKED) + message(SET_FEATURES, 0, 0) + frames(),
    "null_memory": start() + message(SET_MEM_TABLE, 0, 0, 0, 0, 0, 0, NULL_FILE) + frames(),
    "log_after_reset": start(LOG_ALL, LOG) + message(RESET_OWNER) + message(SET_FEATURES, LOG_ALL) + frames(),
    "inflight_lie": poke(INFLIGHT_FILE, 8, bytes([1, 0, 255, 255, 255, 127, 255, 127, 9, 0, 3, 0, 1, 0])) +
                    start(PACKED, INFLIGHT) + frames(),
    "call_that_blocks": start(0, BLOCKING) + frames() + bytes([NOTIFY, 255]) + frames(),
    "cut": start() + bytes([OFFER, 1, 7]) + bytes(8) + bytes([CUT, 0, 3, READ, 31, CUT, 0, 0, READ, 31, NOTIFY, 0]),
    "regions": start() + message(ADD, 1) + message(ADD, 2, 0, 0, 0, 0, SHORT_FILE) + message(REM, 1) + frames(),
    "mute": bytes([CHANGE, 0]) + message(1) * 20 + bytes([CHANGE, 1]),
    "chain": start(MERGEABLE) + bytes([OFFER, 1, 3, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, READ, 31]),
}


def main():
    """Into a folder, by name; and all of them in one, each with a connection of its own."""
    SEEDS["everything"] = bytes([CHANGE, 3]).join(SEEDS.values())
    for name, seed in SEEDS.items():
        with open(os.path.join(sys.argv[1], name), "wb") as f:
            f.write(seed)


main()
