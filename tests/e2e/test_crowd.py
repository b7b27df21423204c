# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""Many guests on one host: more than DPDK's library has room for (1,024). WEFT_GUESTS=4000 ./weft test tests/e2e/test_crowd.py
takes as many as a host of containers has."""
import os
import resource

import pytest

from harness import crowd
from harness.proc import wait_for
from harness.weftd import Weftd

GUESTS = int(os.environ.get("WEFT_GUESTS", "1100"))
# Of weftd for a guest: its socket, its memory, two to interrupt it.
DESCRIPTORS = 4


def rss_kb(pid):
    """The process's own memory in KiB; guests' pages are not."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))


def test_many_guests():
    """Each is served, and gets a frame from its neighbour; they go, and no descriptor is left."""
    n = GUESTS
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < DESCRIPTORS * n + 1000:
        pytest.skip(f"{n} guests need more open files (ulimit -Hn)")
    with Weftd(workers=[1], control_cpus="0", memory_mb=512, mbufs=32768) as w:
        w.apply({"default": {"networks": {"lan": {}}, "ports": crowd.ports(w.dir, n, "client")}})
        pid = w.process.pid
        before, fds = rss_kb(pid), len(os.listdir(f"/proc/{pid}/fd"))
        with crowd.crowd(w.dir, n, "listen") as (took, passed):
            assert len(took) == n and passed == n, w.read_log()[-2000:]
            assert sum(p["link"] == "up" for p in w.ctl("port", "list")) == n
            print(f"{n} guests: the last was served after {max(took):.0f} ms, {(rss_kb(pid) - before) / n:.1f} KiB each")
        w.wait_link("g0", f"g{n - 1}", up=False)

        def closed():
            """weftd to close what the guests gave"""
            return len(os.listdir(f"/proc/{pid}/fd")) <= fds

        wait_for(closed)
