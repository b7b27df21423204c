# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Shared fixtures: a weftd that is audited at the end, and helpers for its ports."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from harness.weftd import Weftd  # noqa: E402
from harness.vhost_guest import VhostGuest  # noqa: E402


@pytest.fixture
def weftd():
    """weftd with one worker; its books must balance when the test is over."""
    with Weftd() as w:
        yield w


@pytest.fixture
def two_workers():
    """weftd with two workers."""
    with Weftd(workers=[0, 1]) as w:
        yield w


def mac(i):
    """The MAC of guest I."""
    return f"52:54:00:00:{i >> 8:02x}:{i & 255:02x}"


class Lan:
    """Guests on ports g1, g2, ... of a network; EXTRA has more of a port's object, by number."""

    def __init__(self, weftd, n, extra=None, network=None, **guest):
        self.weftd = weftd
        ports = {f"g{i}": {"network": "lan", **(extra or {}).get(i, {})} for i in range(1, n + 1)}
        weftd.apply({"default": {"networks": {"lan": network or {}}, "ports": ports}})
        self.guests = {i: VhostGuest(weftd.socket(f"g{i}"), **guest) for i in range(1, n + 1)}
        for g in self.guests.values():
            g.start()
        weftd.wait_link(*[f"g{i}" for i in range(1, n + 1)])

    def __getitem__(self, i):
        return self.guests[i]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for g in self.guests.values():
            g.close()
