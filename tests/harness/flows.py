# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A guest with connections of its own, and one that attacks (tests/bench/flows.c)."""
from .talker import Talker

MACS = ["02:00:00:00:00:00", "02:00:00:00:00:01", "02:00:00:00:00:02"]
ATTACKS = ["syn", "scan", "fragments", "overlaps", "resets", "icmp", "garbage"]


class Guest(Talker):
    """The guest with connections: two ports, or three with an attack. Its counters are seconds, sent 0, sent 1, received 0, received 1,
    sent 2, and connections finished; the words rest and attack hold for what follows."""

    def __init__(self, paths, mode, connections, attack=None, rate=0, hugepages=False):
        super().__init__("flows", paths, MACS, [mode, str(connections), *([attack, str(rate)] if attack else [])], hugepages=hugepages)
