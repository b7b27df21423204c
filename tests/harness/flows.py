# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""A guest with connections of its own, and one that attacks (tests/bench/flows.c)."""
import os
import re
import subprocess
import tempfile

from .proc import BUILD, spawn, stop, wait_for

MACS = ["02:00:00:00:00:00", "02:00:00:00:00:01", "02:00:00:00:00:02"]
ATTACKS = ["syn", "scan", "fragments", "overlaps", "resets", "icmp", "garbage"]


class Guest:
    """The guest with connections: two ports, or three with an attack."""

    def __init__(self, paths, mode, connections, attack=None, rate=0, options="in_order=1,mrg_rxbuf=0", hugepages=False):
        self.log = tempfile.NamedTemporaryFile(prefix="weft-flows-", suffix=".log")
        vdevs = [f"--vdev=net_virtio_user{i},path={p},mac={MACS[i]},queues=1,queue_size=1024,{options}"
                 for i, p in enumerate(paths)]
        pages = ["--in-memory", "--single-file-segments"] if hugepages else ["--no-huge", "--no-shconf"]
        self.process = spawn([os.path.join(BUILD, "tests", "bench", "flows"), "--lcores=0@0", "--no-pci", "-m", "256", *pages,
                              *vdevs, "--", mode, str(connections),
                              *([attack, str(rate)] if attack else [])], self.log.name, stdin=subprocess.PIPE)

    def __enter__(self):
        def ready():
            """the guest's connections"""
            if self.process.poll() is not None:
                raise RuntimeError(f"flows ended: {self.read()[-2000:]}")
            return "ready" in self.read()

        wait_for(ready, 300, step=0.02)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdin = None
        stop(self.process, seconds=5)
        self.log.close()

    def read(self):
        """What it printed."""
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def counters(self, word="?"):
        """(seconds, sent 0, sent 1, received 0, received 1, sent 2, connections finished) now. WORD: rest, or attack from now on."""
        before = len(self.read())
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()
        found = wait_for(lambda: re.search(r"^([\d.]+) (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", self.read()[before:], re.M), step=0.002)
        return [float(v) for v in found.groups()]
