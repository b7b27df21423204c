# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Shared fixtures: a weftd that is audited at the end, and helpers for its ports."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from harness.overlay import mac  # noqa: E402, F401
from harness.proc import run  # noqa: E402
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


def veth(name):
    """A veth pair, NAMEa and NAMEb, gone when it is closed."""
    said = run("ip", "link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", check=False)
    if "Unknown device type" in said or "not supported" in said:
        pytest.skip("this kernel has no veth devices")
    assert said == ""
    for end in "ab":
        run("sysctl", "-qw", f"net.ipv6.conf.{name}{end}.disable_ipv6=1")
        run("ip", "link", "set", f"{name}{end}", "mtu", "2000", "up")
    yield f"{name}a", f"{name}b"
    # One of them may be in a namespace of the test's.
    for end in "ab":
        run("ip", "link", "del", f"{name}{end}", check=False)


@pytest.fixture
def pair():
    """A veth pair here: weft has one end as its uplink, the test the other."""
    yield from veth(f"w{os.getpid() % 100000}")


@pytest.fixture
def second():
    """One more."""
    yield from veth(f"v{os.getpid() % 100000}")
