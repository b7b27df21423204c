# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Attacks by one guest while two others talk: those lose nothing, and every packet of the attack has a name."""
import time

import pytest
from harness.flows import ATTACKS, MACS, Guest
from harness.weftd import Weftd

CONNECTIONS = 500
ALLOW = [{"name": "http", "direction": "in", "action": "allow", "protocol": "tcp", "ports": [80]}]
# What stops each of them; a flood that rules allow is stopped by the limit of its port.
NAMES = {"syn": {"fw_port_half_open"}, "scan": {"fw_ingress"}, "fragments": {"fw_ingress"},
         "overlaps": {"fw_ingress", "fw_fragment_stray"}, "resets": {"fw_state"}, "icmp": {"fw_icmp_error"}, "garbage": {"parse_ipv4"}}


@pytest.mark.parametrize("kind", ATTACKS)
def test_victims_notice_nothing(kind):
    with Weftd(workers=[1], memory_mb=256, mbufs=16384, sessions=4096) as weftd:
        paths = [f"{weftd.dir}/p{i}" for i in range(3)]
        weftd.apply({"default": {
            "networks": {"lan": {"firewall": True, "learning": False}}, "groups": {"web": {"rules": ALLOW}},
            "limits": {"half_open_sessions": 100}, "ports": {
                f"p{i}": {"network": "lan", "mac": MACS[i], "groups": ["web"], "attach": {"mode": "server", "path": paths[i]}}
                for i in range(3)}}})
        with Guest(paths, "established", CONNECTIONS, kind, 20000) as guest:
            before = guest.counters()
            time.sleep(1)
            after = guest.counters()
            assert after[5] - before[5] > 1000, "there was no attack"
            assert after[3] - before[3] > 1000 and after[4] - before[4] > 1000
            # The ring of a guest that is slow here may be full; its firewall has dropped nothing.
            for port in ("p0", "p1"):
                assert not [name for name in weftd.drops(port) if name.startswith("fw_")], weftd.drops(port)
            assert weftd.ctl("session", "count", "--port", "p0", "--state", "established")["matched"] == CONNECTIONS
            found = set(weftd.drops("p2"))
            assert NAMES[kind] & found, found
            assert weftd.port("p2")["sessions"]["half_open"] <= 100
