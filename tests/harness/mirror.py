# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A guest, and the host at the other end of its tunnel (tests/bench/mirror.c)."""
from .talker import Talker

GUEST, OTHER, WIRE = "02:00:00:00:00:00", "02:00:00:00:00:01", "02:00:00:00:01:01"


class Mirror(Talker):
    """Packets of FLOWS flows that go round between the guest on the socket PATHS[0] and the wire on PATHS[1]. Its counters are seconds,
    and what came to the guest and to the wire."""

    def __init__(self, paths, flows, address):
        number = "".join(f"{int(byte):02x}" for byte in address.split("."))
        super().__init__("mirror", paths, (GUEST, WIRE), [str(flows), number], hugepages=True)
